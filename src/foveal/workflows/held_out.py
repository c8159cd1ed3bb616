"""Calibration and trust of a trained network, learnt on the held-out photos alone: it has not seen those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.evaluation.measured import Measured
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.metrics.calibration import softmax
from foveal.metrics.evaluate import measure
from foveal.probes.calibrate import calibrate
from foveal.probes.workers import one_blas_thread
from foveal.runtimes.engine import EnginePool
from foveal.types.text import counted
from foveal.workflows.fit_classes import calibrated
from foveal.workflows.gate_trial import gate_trial
from foveal.workflows.torn import torn_features
from foveal.workflows.trusting import learn_trust, trust_sections


@dataclass(frozen=True)
class HeldOut:
    """A trained classifier, calibrated, and what was measured of it on photos that it was not trained on.

    Args:
        model: The classifier, without its record.
        measured: The held-out photos, each judged by what was learnt without its fold.
        calibration: How logits become probabilities, JSON-able.
        trust: What was learnt besides, JSON-able.
    """

    model: Classifier
    measured: Measured
    calibration: dict[str, Any]
    trust: dict[str, Any]


def learn_held_out(
    view: View,
    head: AffineHead | LinearHead,
    held: Dataset,
    found: Extracted,
    labels: NDArray[np.int32],
    folds: NDArray[np.int8],
    class_names: tuple[str, ...],
    *,
    engines: EnginePool,
    used_for: Sequence[str] = (),
    seed: int = 0,
) -> HeldOut:
    """Learn from the held-out photos what training photos cannot tell: a network is surer of what it was trained on.

    Args:
        view: The trained network.
        head: Its last layer.
        held: The held-out photos.
        found: Their features by this view.
        labels: int32 [n].
        folds: int8 [n]; photos that belong together share one.
        class_names: Names of the C classes.
        engines: Where the loaded network is.
        used_for: What else the held-out photos decided, such as "early stopping", for the protocol.
        seed: Of everything drawn.
    """
    rows = np.arange(len(held))
    features = found.gather(rows, (view,))
    logits = head.logits(features)
    with one_blas_thread():
        calibration = calibrate(logits, labels, folds)
        scaled = logits * calibration.scale + calibration.shift
        torn = torn_features(held, rows, (view,), engines, seed=seed)
        learnt = learn_trust(features, labels, scaled, calibration.out_of_fold, folds, class_names, torn)
    served = calibrated(head, calibration)
    model = Classifier(class_names, (view,), served, calibration.temperature, engines=engines, trust=learnt.trust)
    probs = calibration.out_of_fold
    figures = measure(
        labels,
        probs,
        class_names,
        protocol=protocol(len(rows), int(folds.max()) + 1, used_for),
        before=softmax(logits),
        calibrated=calibration.record(),
    )
    figures = replace(figures, **trust_sections(learnt, labels, probs, folds, class_names))
    measured = Measured("held-out photos", figures, held, rows, class_names, labels, probs, learnt.unknown)
    tried = gate_trial(model, held, rows, engines, seed=seed)
    trust = {**learnt.record, "gate": {**learnt.record["gate"], "tried": tried}}
    return HeldOut(model, measured, calibration.record(), trust)


def protocol(photos: int, folds: int, used_for: Sequence[str]) -> str:
    """How the figures came about, in words.

    Args:
        photos: How many were held out.
        folds: How many inner folds calibration and trust were learnt with.
        used_for: What else the held-out photos decided.
    """
    said = f"held out: {counted(photos, 'photo')} never trained on; calibration and trust by {folds} folds among them"
    return f"{said}; they also decided {' and '.join(used_for)}" if used_for else said
