"""Any number of labels a photo: foveal against scikit-learn's one-versus-rest on the same features.

Claim: the mAP on other photos lies inside the interval that the fit states out of fold or above it, and it and the
macro-F1 are higher than with scikit-learn's default; learning (cross-validation, calibration, thresholds, the head)
takes less time than scikit-learn's one fit, which does none of these.
Command: python benchmarks/several_labels.py TRAIN VALIDATION [--rounds 3]
    Both are a folder per class. One to three photos are set side by side, each photo used once, and the picture has
    the labels of all of them.
Result: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from pathlib import Path

import numpy as np
from harness import Place, machine
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foveal.data.dataset import Dataset
from foveal.data.multilabel_splits import multilabel_folds
from foveal.data.read import read
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.metrics.multilabel_calibration import Platt
from foveal.metrics.multilabel_evaluate import measure_multilabel
from foveal.probes.multilabel_calibrate import calibrate_multilabel
from foveal.probes.multilabel_select import select_multilabel
from foveal.workflows.views import cards_for, effort_named, views_for

HEIGHT = 240
SIDE_BY_SIDE = {1: 0.3, 2: 0.5, 3: 0.2}
CS = (1.0, 0.1, 0.01, 0.001)

Features = NDArray[np.float16]
Targets = NDArray[np.bool_]


def main() -> None:
    """Make the photos, compute their features once, and learn with both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("validation", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    machine()
    with Place() as place:
        train, later = (
            read(side_by_side(folder, place.folder / folder.name)) for folder in (chosen.train, chosen.validation)
        )
        learnt, new = gather(train), gather(later)
        print(f"{len(train)} photos to learn from, {len(later)} to judge on, {len(train.class_names)} classes")
        ours, theirs = [], []
        for _ in range(chosen.rounds):
            ours.append(with_foveal(learnt, train.targets(), new, later.targets(), train.class_names))
            theirs.append(with_scikit_learn(learnt, train.targets(), new, later.targets(), CS[0]))
        print(f"{'':28} {'mAP':>6} {'macro F1':>9} {'median s':>9}")
        for name, runs in (("foveal", ours), (f"scikit-learn, C = {CS[0]:g}", theirs)):
            print(f"{name:28} {runs[0][0]:6.3f} {runs[0][1]:9.3f} {statistics.median(run[2] for run in runs):9.2f}")
        for c in CS[1:]:
            found = with_scikit_learn(learnt, train.targets(), new, later.targets(), c)
            print(f"{f'scikit-learn, C = {c:g}':28} {found[0]:6.3f} {found[1]:9.3f} {found[2]:9.2f}", flush=True)


def side_by_side(classes: Path, target: Path) -> Path:
    """Write pictures of one to three photos of a folder per class, and their table; returns the table."""
    rng = np.random.default_rng(0)
    dataset = read(classes)
    order = rng.permutation(len(dataset)).tolist()
    photos = [(dataset.class_names[dataset.labels[row]], dataset.photo(row)) for row in order]
    target.mkdir(parents=True)
    rows = []
    while len(photos) >= max(SIDE_BY_SIDE):
        count = rng.choice([*SIDE_BY_SIDE], p=[*SIDE_BY_SIDE.values()])
        some = [photos.pop() for _ in range(count)]
        strips = [np.asarray(_strip(path)) for _, path in some]
        name = f"{len(rows):05d}.jpg"
        Image.fromarray(np.concatenate(strips, axis=1)).save(target / name, quality=90)
        rows.append((name, ";".join(sorted({label for label, _ in some}))))
    with (target / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "labels"), *rows])
    return target / "labels.csv"


def _strip(path: object) -> Image.Image:
    with Image.open(str(path)) as image:
        return image.convert("RGB").resize((max(80, image.width * HEIGHT // image.height), HEIGHT))


def gather(dataset: Dataset) -> Features:
    """The features that `foveal fit` learns from by default."""
    effort, settings = effort_named("default"), Settings()
    views = views_for(cards_for("auto", effort), effort, dataset.photos(), settings)
    with open_cache(settings) as cache, extract(dataset.photos(), views, cache) as found:
        return found.gather(np.arange(len(dataset)), views)


def with_foveal(
    learnt: Features, targets: Targets, new: Features, truth: Targets, names: tuple[str, ...]
) -> tuple[float, float, float]:
    """mAP and macro-F1 on the new photos, and seconds of learning; prints what was said out of fold."""
    started = time.perf_counter()
    folds = multilabel_folds(targets, folds=5, seed=0)
    selection = select_multilabel({"default": lambda: learnt}, targets, folds)
    found = calibrate_multilabel(selection.out_of_fold, targets, folds)
    seconds = time.perf_counter() - started
    said = measure_multilabel(
        targets, found.out_of_fold, found.decisions, names, thresholds=found.thresholds, protocol="out of fold"
    )
    low, high, _ = said.mean_average_precision_interval
    print(f"said out of fold: mAP {said.mean_average_precision:.3f} ({low:.3f} to {high:.3f}), F1 {said.macro_f1:.3f}")
    probs = Platt(found.temperature, found.shift).probs(selection.head.logits(new))
    decided = f1_score(truth, probs >= found.thresholds, average="macro")
    return average_precision_score(truth, probs), decided, seconds


def with_scikit_learn(
    learnt: Features, targets: Targets, new: Features, truth: Targets, c: float
) -> tuple[float, float, float]:
    """mAP and macro-F1 on the new photos, and seconds of the fit."""
    started = time.perf_counter()
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression(C=c, max_iter=1000)))
    model.fit(learnt.astype(np.float32), targets)
    seconds = time.perf_counter() - started
    probs = model.predict_proba(new.astype(np.float32))
    return average_precision_score(truth, probs), f1_score(truth, probs >= 0.5, average="macro"), seconds


if __name__ == "__main__":
    main()
