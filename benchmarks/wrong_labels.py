"""Wrong labels found: foveal against cleanlab, on the same features and folds.

Claim: with 5 % of the labels of the clothes flipped at random, the average precision of the ranking is at least 0.80
and above cleanlab's; on CIFAR-10N's random1 and worse labels the AUROC of wrong against right labels is at least
cleanlab's best + 0.01. cleanlab is given scikit-learn's out-of-fold probabilities and, besides, foveal's own; its best
method and probabilities are chosen afterwards.
Command: python benchmarks/wrong_labels.py CLOTHING CIFAR10N --cleanlab-python PYTHON [--seeds 5] [--first-seed 0]
    CLOTHING is a folder per class, CIFAR10N has images/ and labels.csv; PYTHON is an interpreter with cleanlab and
    scikit-learn. A seed decides the labels flipped and the folds.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import time
from pathlib import Path

import numpy as np
from harness import Place, machine
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.data.splits import stratified_folds
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.probes.axes import principal_axes
from foveal.probes.calibrate import calibrate
from foveal.probes.label_noise import label_noise
from foveal.probes.problem import Problem
from foveal.probes.select import select
from foveal.runtimes.engine import EnginePool
from foveal.workflows.views import cards_for, effort_named, views_for

FLIPPED = 0.05
COLUMNS = ("random1", "worse")
OURS = "foveal"


def main() -> None:
    """Score every case with both, and print a table for each kind of noise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clothing", type=Path)
    parser.add_argument("cifar10n", type=Path)
    parser.add_argument("--cleanlab-python", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    chosen = parser.parse_args()
    machine()
    with Place() as place:
        clothes, (photos, columns) = read(chosen.clothing), cifar(chosen.cifar10n)
        features = {"flipped": gather(clothes), **dict.fromkeys(COLUMNS, gather(photos))}
        arrays, wrong, found = {f"features_{kind}": each for kind, each in features.items()}, {}, {}
        for kind, each in features.items():
            for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
                name = f"{kind}/{seed}"
                if kind == "flipped":
                    given = flip(clothes.labels, len(clothes.class_names), seed)
                    wrong[name] = given != clothes.labels
                else:
                    given, wrong[name] = columns[kind], columns[kind] != columns["clean"]
                found[name], more = ours(each, given, seed)
                arrays.update({f"{key}_{name}": array for key, array in {"given": given, **more}.items()})
        cases, scores = place.folder / "cases.npz", place.folder / "scores.npz"
        np.savez(cases, **arrays)
        rival = Path(__file__).parent / "rivals" / "cleanlab_labels.py"
        subprocess.run([chosen.cleanlab_python, str(rival), str(cases), str(scores)], check=True)
        theirs = dict(np.load(scores))
    for key in [key for key in theirs if key.startswith("seconds|")]:
        print(f"cleanlab on probabilities {key.split('|')[1]}: {float(theirs.pop(key)):.2f} s a case")
    for case, kind in enumerate(features):
        show(kind, average_precision_score if case == 0 else roc_auc_score, wrong, found, theirs)


def gather(photos: Dataset) -> NDArray[np.float16]:
    """Features of the default effort."""
    settings, effort = Settings(), effort_named("default")
    views = views_for(cards_for("auto", effort), effort, photos.photos(), settings)
    with open_cache(settings) as cache, extract(photos.photos(), views, cache, engines=EnginePool()) as found:
        return np.asarray(found.gather(np.arange(len(photos)), views))


def cifar(folder: Path) -> tuple[Dataset, dict[str, NDArray[np.int32]]]:
    """The photos, and the labels of each column."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["clean"] for row in rows})
    columns = {column: np.array([names.index(row[column]) for row in rows], np.int32) for column in ("clean", *COLUMNS)}
    paths = tuple(row["image"] for row in rows)
    return Dataset(folder, paths, columns["clean"], tuple(names), np.zeros(len(rows), np.int8)), columns


def flip(labels: NDArray[np.int32], classes: int, seed: int) -> NDArray[np.int32]:
    """The labels with 5 % of them changed to any other class."""
    rng = np.random.default_rng(seed)
    given = labels.copy()
    rows = rng.choice(len(labels), round(len(labels) * FLIPPED), replace=False)
    given[rows] = (labels[rows] + rng.integers(1, classes, len(rows))) % classes
    return given


def ours(
    features: NDArray[np.float16], given: NDArray[np.int32], seed: int
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.generic]]]:
    """How wrong each label looks to foveal; and what the rival needs."""
    classes = int(given.max()) + 1
    folds = stratified_folds(given, folds=5, seed=seed)
    selection = select({"default": lambda: principal_axes(features)}, given, folds, classes=classes)
    calibration = calibrate(selection.out_of_fold, given, folds)
    axes = principal_axes(features)
    started = time.perf_counter()
    found = label_noise(Problem(axes.coordinates, axes.variances, given, classes, folds), selection.out_of_fold)
    seconds = time.perf_counter() - started
    print(f"foveal: {seconds:.2f} s after cross-validation, {found.wrong.sum()} flagged, rate {found.rate:.3f}")
    return found.score, {"folds": folds, "probabilities": calibration.out_of_fold}


def show(
    kind: str,
    metric: object,
    wrong: dict[str, NDArray[np.bool_]],
    found: dict[str, NDArray[np.float32]],
    theirs: dict[str, NDArray[np.float64]],
) -> None:
    """Mean and standard deviation over seeds of each contender, best first, and its difference from foveal's."""
    assert callable(metric)
    figures: dict[str, list[float]] = {}
    for name, is_wrong in wrong.items():
        if name.split("/")[0] != kind:
            continue
        figures.setdefault(OURS, []).append(metric(is_wrong, found[name]))
        for key, score in theirs.items():
            case, source, method = key.split("|")
            if case == name:
                figures.setdefault(f"cleanlab {method}, {source}", []).append(metric(is_wrong, score))
    share = np.mean([rows.mean() for name, rows in wrong.items() if name.split("/")[0] == kind])
    print(f"\n{kind}: {share:.1%} wrong, {getattr(metric, '__name__', '')}")
    for name, values in sorted(figures.items(), key=lambda item: -np.mean(item[1])):
        gaps = np.array(figures[OURS]) - np.array(values)
        line = f"{name:60} {np.mean(values):.4f} ± {np.std(values):.4f}  n {len(values)}"
        print(line + ("" if name == OURS else f"  foveal {gaps.mean():+.4f} ({gaps.min():+.4f} to {gaps.max():+.4f})"))


if __name__ == "__main__":
    main()
