"""Maps: how often each kind beats random maps, and what it costs beyond the prediction.

Claim: on photos that the classifier recognises, the class map's areas under the deletion and the insertion curve are
better than those of random maps on at least 90 % of the photos, each, and a class map takes at most 20 ms beyond the
prediction. A blob in the middle of the photo, which knows nothing of it, is graded beside them: photographers put
things there, so beating random maps is less than it sounds.
Command: python benchmarks/maps.py MODEL PHOTOS [--photos 300] [--methods cam,occlusion,rise,centre] [--blobs]
    MODEL is what `foveal predict` takes. PHOTOS is a folder per class; for "imagenet" also a flat folder whose file
    names begin with the WordNet id, as n01440764_tench.JPEG. With --blobs the random maps are as smooth as the map
    itself, which often is one blob: where one of them hits the object by luck, it is hard to beat.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from harness import machine
from numpy.typing import NDArray

from foveal.backbones.imagenet import imagenet_classes
from foveal.classifier.classifier import Classifier
from foveal.data.photo import AnyPhoto
from foveal.data.read import read
from foveal.explainers.grade import RANDOM_MAPS, curves, random_maps
from foveal.explainers.subject import Explainer, Subject
from foveal.metrics.intervals import wilson
from foveal.workflows.explain import explainer_named
from foveal.workflows.predict import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--photos", dest="count", type=int, default=300, help="spread evenly over all")
    parser.add_argument("--methods", default="cam,occlusion,rise,centre")
    parser.add_argument("--blobs", action="store_true", help="random maps as smooth as the map itself")
    given = parser.parse_args()
    model = load(given.model)
    labelled = labelled_photos(given.photos, model)
    labelled = labelled[:: max(1, len(labelled) // given.count)]
    machine()
    print(f"{given.model}: {', '.join(f'{view.backbone} {view.choice}' for view in model.views)}")
    for method in given.methods.split(","):
        judge(method, centre if method == "centre" else explainer_named(method), model, labelled, blobs=given.blobs)


def judge(
    method: str, explainer: Explainer, model: Classifier, labelled: list[tuple[AnyPhoto, int]], *, blobs: bool
) -> None:
    """Grade a method on the photos that are recognised, and print what was found."""
    areas, extra_ms = [], []
    for number, (photo, label) in enumerate(labelled):
        subject = Subject.of(model, photo)
        if int(subject.probs().argmax()) != label:
            continue
        if not extra_ms:
            explainer(subject, label)  # the first one loads the network
        started = time.perf_counter()
        values = explainer(subject, label)
        extra_ms.append(1000 * (time.perf_counter() - started))
        random = surrogates(values, subject.seen, seed=number) if blobs else random_maps(subject.seen, RANDOM_MAPS)
        found = curves(subject, label, [values, *random])
        areas.append((found[..., 1:] + found[..., :-1]).mean(axis=-1) / 2)
    report(method, np.array(areas), extra_ms)


def report(method: str, areas: NDArray[np.float32], extra_ms: list[float]) -> None:
    """Print what was found.

    Args:
        method: Its name.
        areas: float32 [n, 1 + random, 2], areas under deletion and insertion: of the map, then of the random ones.
        extra_ms: Milliseconds of each map.
    """
    own, random = areas[:, 0], areas[:, 1:].mean(axis=1)
    score = areas[:, :, 1] - areas[:, :, 0]
    shares = {
        "deletion better than random": own[:, 0] < random[:, 0],
        "insertion": own[:, 1] > random[:, 1],
        "insertion − deletion": score[:, 0] > score[:, 1:].mean(axis=1),
        "beats all random maps": score[:, 0] > score[:, 1:].max(axis=1),
        "all but one": (score[:, :1] > score[:, 1:]).sum(axis=1) >= score.shape[1] - 2,
    }
    said = "; ".join(f"{name} {share(wins)}" for name, wins in shares.items())
    print(f"{method}, n = {len(areas)}: {said}")
    for name, column in (("deletion", 0), ("insertion", 1)):
        gap = own[:, column] - random[:, column]
        print(
            f"    {name} {own[:, column].mean():.3f} against {random[:, column].mean():.3f}; difference "
            f"{gap.mean():+.3f}, standard deviation over photos {gap.std(ddof=1):.3f}"
        )
    quartiles = statistics.quantiles(extra_ms, n=4)
    print(f"    {quartiles[1]:.1f} ms a map beyond the prediction (quartiles {quartiles[0]:.1f} to {quartiles[2]:.1f})")


def share(wins: NDArray[np.bool_]) -> str:
    """A share with its 95 % interval."""
    interval = wilson(int(wins.sum()), len(wins))
    return f"{wins.mean():.1%} ({interval.low:.1%} to {interval.high:.1%})"


def centre(subject: Subject, column: int) -> NDArray[np.float32]:
    """A blob in the middle of the photo."""
    height, width = subject.canvas_hw
    y, x = np.mgrid[0:height, 0:width]
    blob = np.exp(-8 * (((y + 0.5) / height - 0.5) ** 2 + ((x + 0.5) / width - 0.5) ** 2))
    return np.where(subject.seen, blob, 0).astype(np.float32)


def surrogates(values: NDArray[np.float32], seen: NDArray[np.bool_], *, seed: int) -> list[NDArray[np.float32]]:
    """The map's power spectrum with random phases: as smooth as it (Theiler et al., Physica D 1992)."""
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    inside = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shape = values[inside].shape
    strength = np.abs(np.fft.rfft2(values[inside] - values[inside].mean()))
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(RANDOM_MAPS):
        noise = np.fft.rfft2(rng.normal(size=shape))
        made = np.zeros(values.shape, np.float32)
        made[inside] = np.fft.irfft2(strength * noise / np.maximum(np.abs(noise), 1e-12), s=shape)
        found.append(made)
    return found


def labelled_photos(folder: Path, model: Classifier) -> list[tuple[AnyPhoto, int]]:
    """Photos and the columns of their classes."""
    ids = {each.wordnet_id: each.position for each in imagenet_classes()}
    flat = [(path, ids.get(path.name.partition("_")[0])) for path in sorted(folder.iterdir()) if path.is_file()]
    if flat and all(position is not None for _, position in flat):
        return [(path, position) for path, position in flat if position is not None]
    dataset = read(folder)
    return list(zip(dataset.photos(), model.labels_of(dataset).tolist(), strict=True))


if __name__ == "__main__":
    main()
