"""The corruptions of ImageNet-C: time against the peer imagecorruptions in the same run, and how far the pixels differ.

Claim: at 224 pixels a corruption takes 3 ms or less on average on one core, a hundredth of the peer's time or less over
all; those without chance differ from the peer's by less than one grey level, the others have its mean and spread.
Command: python benchmarks/robustness.py PHOTOS [--photos 4] [--peer PYTHON]
    PHOTOS is any folder of photos, PYTHON an interpreter with imagecorruptions.
         python benchmarks/robustness.py PHOTOS --model MODEL [--most 200]
    times the whole measurement on a folder per class, against the network alone.
Result: see docs/robustness.md.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from harness import Place, machine
from numpy.typing import NDArray

Photos = NDArray[np.uint8]


def prepared(folder: Path, count: int) -> Photos:
    """Photos spread over a folder, cut and resized as ImageNet's are: uint8 [n, 224, 224, 3]."""
    from foveal.backbones.catalogue import find
    from foveal.imaging.decode import IMAGE_SUFFIXES, read_image

    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    spread = files[:: max(1, len(files) // count)][:count]
    preprocess = find("lite0").preprocess
    return np.stack([preprocess.apply(read_image(path)) for path in spread])


def ours(photos: Photos, name: str) -> tuple[Photos, NDArray[np.float64]]:
    """Corrupted photos uint8 [n, 5, H, W, 3], and the best of the seconds at each strength."""
    from foveal.imaging.corruptions.corrupt import corrupt

    images = np.empty((len(photos), 5, *photos.shape[1:]), np.uint8)
    seconds = np.full(5, np.inf)
    for strength in range(1, 6):
        corrupt(name, photos[0], strength)  # tables and kernels are made once
        for number in [*range(len(photos)), *range(len(photos))]:
            started = time.perf_counter()
            images[number, strength - 1] = corrupt(name, photos[number], strength)
            seconds[strength - 1] = min(seconds[strength - 1], time.perf_counter() - started)
    return images, seconds


def against_peer(photos: Photos, python: str, place: Place) -> None:
    """Print times, their ratio and the differences."""
    from foveal.imaging.corruptions import CORRUPTIONS

    given, out = place.folder / "photos.npy", place.folder / "peer.npz"
    np.save(given, photos)
    script = Path(__file__).parent / "rivals" / "imagecorruptions_all.py"
    subprocess.run([python, "-W", "ignore", str(script), str(given), str(out)], check=True)
    peer = np.load(out)
    print(f"{'':18} {'ms':>6} {'peer ms':>8} {'peer / ours':>11}   pixels off   change of the photo: ours, peer")
    sums = np.zeros(2)
    for name in CORRUPTIONS:
        images, seconds = ours(photos, name)
        theirs, their_seconds = peer[name], peer[f"seconds {name}"]
        sums += seconds.mean(), their_seconds.mean()
        off = np.abs(images.astype(int) - theirs).mean()
        changes = (np.abs(each.astype(int) - photos[:, None]).mean() for each in (images, theirs))
        shown = ", ".join(f"{change:.1f}" for change in changes)
        took, theirs_took = seconds.mean() * 1e3, their_seconds.mean() * 1e3
        print(f"{name:18} {took:6.2f} {theirs_took:8.1f} {theirs_took / took:11.1f} {off:12.2f}   {shown}")
    mean = sums / len(CORRUPTIONS) * 1e3
    print(f"{'mean':18} {mean[0]:6.2f} {mean[1]:8.1f} {mean[1] / mean[0]:11.1f}")


def alone(photos: Photos) -> None:
    """Print times only, camera faults too."""
    from foveal.imaging.corruptions import CAMERA_FAULTS, CORRUPTIONS
    from foveal.imaging.corruptions.corrupt import corrupt, strengths

    for name in [*CORRUPTIONS, *CAMERA_FAULTS]:
        best = []
        for strength in range(1, strengths(name) + 1):
            corrupt(name, photos[0], strength)
            took = []
            for photo in [*photos, *photos]:
                started = time.perf_counter()
                corrupt(name, photo, strength)
                took.append(time.perf_counter() - started)
            best.append(min(took) * 1e3)
        print(f"{name:18} {np.mean(best):6.2f} ms   " + " ".join(f"{each:.2f}" for each in best))


def whole(folder: Path, model: str, most: int) -> None:
    """Print the figures of a model, and the time of measuring them against that of the network alone."""
    import foveal
    from foveal.evaluation.judged import judged
    from foveal.evaluation.robustness import robustness
    from foveal.evaluation.robustness_text import robustness_summary
    from foveal.features.extract import extract
    from foveal.features.settings import Settings, open_cache
    from foveal.runtimes.engine import threads
    from foveal.workflows.imagenet import imagenet_photos

    loaded = foveal.load(model)
    dataset = foveal.read(folder)
    dataset = imagenet_photos(dataset, loaded) or dataset
    with open_cache(Settings()) as cache, extract(dataset.photos(), loaded.views, cache) as found:
        measured = judged(loaded, dataset, found, title="labelled photos", protocol="labelled photos")
    figures = robustness(loaded, measured, most=most)
    print(robustness_summary(figures))
    for each in [*figures["corruptions"], *figures["camera_faults"]]:
        print(
            f"{each['name']:18} {each['error']:6.1%}   " + " ".join(f"{one['error']:.1%}" for one in each["strengths"])
        )
    view = loaded.views[0]
    width, height = view.preprocess.size_wh
    blank = np.zeros((height, width, 3), np.uint8)
    count = 200 * threads()
    with ThreadPoolExecutor(threads()) as pool:
        started = time.perf_counter()
        list(pool.map(lambda _: view.row_of(blank, loaded.engines), range(count)))
    engine = count / (time.perf_counter() - started)
    rate = figures["runs"] / figures["seconds"]
    print(f"{figures['runs']:,} runs in {figures['seconds']:.1f} s: {rate:.0f}/s; the network alone {engine:.0f}/s")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=4)
    parser.add_argument("--peer")
    parser.add_argument("--model")
    parser.add_argument("--most", type=int, default=200)
    chosen = parser.parse_args()
    machine()
    if chosen.model:
        whole(chosen.folder, chosen.model, chosen.most)
        return
    photos = prepared(chosen.folder, chosen.photos)
    with Place() as place:
        if chosen.peer:
            against_peer(photos, chosen.peer, place)
        else:
            alone(photos)


if __name__ == "__main__":
    main()
