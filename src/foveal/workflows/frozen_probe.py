"""The yardstick of fine-tuning: a probe on the frozen network, learnt and measured on the very same photos."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.evaluation.measured import Measured
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.heads.linear import LinearHead
from foveal.metrics.calibration import fit_temperature
from foveal.metrics.evaluate import measure
from foveal.probes.axes import turned_ahead
from foveal.probes.calibrate import calibrate
from foveal.probes.select import select
from foveal.probes.workers import one_blas_thread
from foveal.runtimes.engine import EnginePool
from foveal.types.evaluation import Evaluation
from foveal.workflows.fit_classes import calibrated
from foveal.workflows.quarantine import Kept
from foveal.workflows.train_parts import Parts
from foveal.workflows.views import candidates

PROTOCOL = "held-out photos, by a frozen probe learnt from the others"


# With more photos a probe hardly gets better, and its features no longer fit the memory of most machines.
_MOST = 100_000


@dataclass(frozen=True)
class FrozenProbe:
    """A probe of the photos to train on, and what it says of those held out.

    Args:
        model: The classifier, calibrated on the photos to train on alone.
        start: The head before calibration but for one temperature, on the features of all plain views.
        measured: The held-out photos.
        figures: Those of `measured`.
        seconds: What learning took, without the features.
    """

    model: Classifier
    start: LinearHead
    measured: Measured
    figures: Evaluation
    seconds: float


def frozen_probe(
    training: Dataset, found: Extracted, views: Sequence[View], kept: Kept, parts: Parts, engines: EnginePool
) -> FrozenProbe:
    """Learn from the photos to train on as `fit` learns from all, and measure on those held out.

    Of more than 100,000 photos it learns from so many, drawn by chance.

    Args:
        training: The photos.
        found: Their features.
        views: The frozen network.
        kept: Those that can be learnt from.
        parts: Which are trained on.
        engines: Where the loaded network is.
    """
    started = time.perf_counter()
    some = _enough(len(parts.train))
    rows, labels, classes = kept.rows[parts.train[some]], kept.labels[parts.train[some]], len(kept.class_names)
    folds = parts.train_folds[some]
    sets = candidates(views, len(rows))
    features = {name: partial(found.gather, rows, chosen) for name, chosen in sets.items()}
    with one_blas_thread(), turned_ahead(features, kept=False) as axes:
        selection = select(axes, labels, folds, classes=classes)
        whole = list(sets)[-1]
        start = selection
        if (selection.features, selection.probe) != (whole, "logistic"):
            start = select({whole: axes[whole]}, labels, folds, classes=classes, probe="logistic")
        calibration = calibrate(selection.out_of_fold, labels, folds)
    model = Classifier(
        kept.class_names,
        sets[selection.features],
        calibrated(selection.head, calibration),
        calibration.temperature,
        engines=engines,
    )
    seconds = time.perf_counter() - started
    heat = np.float32(fit_temperature(start.out_of_fold, labels, smoothing=1 / (len(rows) + 2)))
    scaled = replace(start.head, weights=start.head.weights / heat, bias=start.head.bias / heat)
    rows, held_labels = kept.rows[parts.held], kept.labels[parts.held]
    probs = model.probs(found.gather(rows, model.views))
    figures = measure(held_labels, probs, kept.class_names, protocol=PROTOCOL)
    measured = Measured(
        "held-out photos", figures, training.take(rows), np.arange(len(rows)), kept.class_names, held_labels, probs
    )
    return FrozenProbe(model, scaled, measured, figures, seconds)


def _enough(photos: int) -> NDArray[np.intp]:
    """Which of the photos to train on the probe learns from: all, or so many drawn by chance."""
    if photos <= _MOST:
        return np.arange(photos)
    return np.sort(np.random.default_rng(0).choice(photos, _MOST, replace=False))
