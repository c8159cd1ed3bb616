"""Telling the unknown: foveal's gate against pytorch-ood's detectors, on the same features and logits.

Claim: learnt from the photos of clothes alone, the gate tells them from photos of other things with an AUROC of at
least 0.97, turns away at most 5 % of the validation photos at its own threshold and all noise and blank images, and
against other things, noise, blank and shuffled photos its AUROC is at most 0.01 below that of the best of the others,
which is chosen afterwards for each set. Most classes left out are told better by the energy of the head alone.
Command: python benchmarks/unknown.py CLOTHING OTHERS CIFAR10N [--rival-python PYTHON] [--classes 10]
    CLOTHING has train/ and validation/, each a folder per class; OTHERS is a folder of photos of anything; CIFAR10N has
    images/ and labels.csv; PYTHON is an interpreter with pytorch-ood. So many classes of clothes are left out in turn,
    and five classes of CIFAR-10 are learnt and the other five unknown, three times; their rows are means, with the
    lowest and highest in brackets.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import Place, machine
from numpy.typing import NDArray
from PIL import Image

from foveal.assurance.gate import learn_gate
from foveal.assurance.gate_probes import synthetic_probes
from foveal.classifier.photos import as_photos
from foveal.data.read import read
from foveal.data.splits import stratified_folds
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.heads.linear import LinearHead, compress
from foveal.metrics.detection import auroc, fpr_at_tpr95
from foveal.probes.axes import principal_axes
from foveal.probes.select import select
from foveal.probes.workers import one_blas_thread
from foveal.trust.gate import energy
from foveal.workflows.views import cards_for, effort_named, views_for

Features = NDArray[np.float16]
Labels = NDArray[np.int32]
Scores = NDArray[np.floating]

KNOWN = "known"
GATE = "foveal"
SIDE = 240
PROBES = 100


@dataclass(frozen=True)
class Case:
    """Photos to learn from, and sets of photos to judge; the set "known" holds photos like those learnt from."""

    features: Features
    labels: Labels
    judged: Mapping[str, Features]


def main() -> None:
    """Make the cases, score them with both, and print AUROC, FPR95 and what the gate turns away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("clothing", "others", "cifar10n"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--rival-python", default="")
    parser.add_argument("--classes", type=int, default=10)
    chosen = parser.parse_args()
    machine()
    found: dict[str, Scores] = {}
    arrays: dict[str, NDArray[np.generic]] = {}
    away: dict[str, float] = {}
    with Place() as place:
        cases = make_cases(chosen)
        for name, case in cases.items():
            ours(name, case, found, away, arrays)
        if chosen.rival_python:
            given, made = place.folder / "cases.npz", place.folder / "scores.npz"
            np.savez(given, **arrays)
            rival = Path(__file__).parent / "rivals" / "unknown_scores.py"
            subprocess.run([chosen.rival_python, str(rival), str(given), str(made)], check=True)
            found.update(np.load(made))
        else:
            print("no --rival-python: pytorch-ood is left out")
    show(found, away)


def make_cases(chosen: argparse.Namespace) -> dict[str, Case]:
    """Clothes against other things and images of nothing; a class of clothes left out; half of CIFAR-10."""
    train, validation = read(chosen.clothing / "train"), read(chosen.clothing / "validation")
    learnt, later = gather(train.photos()), gather(validation.photos())
    shown = [np.asarray(_small(photo)) for photo in sorted((chosen.clothing / "validation").rglob("*.jpg"))[::3]]
    sets = defaultdict(list)
    for probe in synthetic_probes(shown, each=PROBES):
        sets[probe.kind].append(probe.image_rgb)
    judged = {KNOWN: later, "other things": gather(as_photos(chosen.others))}
    judged.update({kind: gather(as_photos(images)) for kind, images in sets.items()})
    with (chosen.cifar10n / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    tiny = gather(as_photos([chosen.cifar10n / row["image"] for row in rows]))
    kinds = np.unique([row["clean"] for row in rows], return_inverse=True)[1].astype(np.int32)
    cases = {"clothes/0": Case(learnt, train.labels, {**judged, "CIFAR-10": tiny})}
    for left in range(min(chosen.classes, len(train.class_names))):
        kept = train.labels != left
        near = {KNOWN: later[validation.labels != left], "the tenth class": learnt[~kept]}
        cases[f"nine classes/{left}"] = Case(learnt[kept], _numbered(train.labels[kept]), near)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        mine = np.isin(kinds, rng.permutation(10)[:5])
        new = mine & (rng.random(len(kinds)) < 0.2)
        near = {KNOWN: tiny[new], "the other five": tiny[~mine], "clothes": later}
        cases[f"CIFAR-10/{seed}"] = Case(tiny[mine & ~new], _numbered(kinds[mine & ~new]), near)
    return cases


def gather(photos: object) -> Features:
    """Features of the default effort."""
    settings, effort = Settings(), effort_named("default")
    listed = as_photos(photos)
    views = views_for(cards_for("auto", effort), effort, listed, settings)
    with open_cache(settings) as cache, extract(listed, views, cache) as found:
        return np.asarray(found.gather(np.arange(len(listed)), views))


def _small(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize((SIDE, SIDE))


def _numbered(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def ours(
    name: str,
    case: Case,
    found: dict[str, Scores],
    away: dict[str, float],
    arrays: dict[str, NDArray[np.generic]],
) -> None:
    """Learn head and gate of a case, score its sets, and note what the rival needs."""
    folds = stratified_folds(case.labels, folds=5, seed=0)
    with one_blas_thread():
        axes = {"default": lambda: principal_axes(case.features)}
        chosen = select(axes, case.labels, folds, classes=int(case.labels.max()) + 1)
        started, used = time.perf_counter(), time.process_time()
        learnt = learn_gate(case.features, case.labels, chosen.out_of_fold, folds)
        seconds, work = time.perf_counter() - started, time.process_time() - used
    print(f"{name}: gate of {len(case.labels)} photos in {seconds:.2f} s ({work:.2f} s of processor)", flush=True)
    head = chosen.head
    assert isinstance(head, LinearHead)
    assert learnt.gate is not None
    arrays.update({f"labels_{name}": case.labels, f"weights_{name}": head.weights, f"bias_{name}": head.bias})
    for key, features in {
        name: case.features,
        **{f"{name}|{kind}": each for kind, each in case.judged.items()},
    }.items():
        arrays[f"raw_{key}"] = features.astype(np.float32)
        arrays[f"seen_{key}"] = (compress(features) - head.centre) * head.scale
    for kind, features in case.judged.items():
        logits = head.logits(features)
        found[f"{GATE}|{name}|{kind}"] = learnt.gate.scores(features, logits)
        found[f"foveal, distance alone|{name}|{kind}"] = learnt.gate.distance.of(features)
        found[f"foveal, energy alone|{name}|{kind}"] = energy(logits)
        away[f"{name}|{kind}"] = float((found[f"{GATE}|{name}|{kind}"] > learnt.gate.threshold).mean())


def show(found: Mapping[str, Scores], away: Mapping[str, float]) -> None:
    """A table for each set of photos, means over the cases of one kind, best first."""
    rows: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for key, scores in found.items():
        detector, case, kind = key.split("|")
        if kind != KNOWN:
            known = found[f"{detector}|{case}|{KNOWN}"]
            rows[case.split("/")[0], kind][detector].append((auroc(known, scores), fpr_at_tpr95(known, scores)))
    for (case, kind), by_detector in rows.items():
        names = [key for key in away if key.startswith(f"{case}/") and key.endswith(f"|{kind}")]
        alarms = spread(away[f"{name.split('|')[0]}|{KNOWN}"] for name in names)
        print(
            f"\n{case} against {kind}: foveal turns away {spread(away[name] for name in names)}, of the known {alarms}"
        )
        print(f"{'':26} {'AUROC':>22} {'FPR at 95 % found':>22}")
        for detector, pairs in sorted(by_detector.items(), key=lambda row: -np.mean([pair[0] for pair in row[1]])):
            print(f"{detector:26} {spread(pair[0] for pair in pairs):>22} {spread(pair[1] for pair in pairs):>22}")


def spread(values: Iterable[float]) -> str:
    """Mean, with the lowest and the highest where there are several."""
    all_ = list(values)
    return f"{np.mean(all_):.4f}" + (f" ({min(all_):.3f}–{max(all_):.3f})" if len(all_) > 1 else "")


if __name__ == "__main__":
    main()
