"""All figures of a classifier at once, from its probabilities and the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics import calibration, classification
from foveal.metrics.agreement import kappa_and_mcc
from foveal.metrics.areas import ClassAreas, class_areas, micro_areas, over_classes
from foveal.metrics.averages import averages
from foveal.metrics.class_records import class_records
from foveal.metrics.classwise_calibration import (
    classwise_calibration_error,
    expected_by_chance,
    maximum_calibration_error,
)
from foveal.metrics.confusion_intervals import confusion_intervals
from foveal.metrics.inputs import labelled_scores
from foveal.metrics.intervals import mean_interval, roc_interval, wilson
from foveal.types.checked import bad_value
from foveal.types.evaluation import Confusion, Evaluation, ReliabilityBin
from foveal.types.interval import IntervalRecord

MOST_CONFUSED = 10
WORST_CLASSES = 5
TOP_K = (1, 2, 3, 5, 10)


def measure(
    labels: Any,
    probs: Any,
    class_names: Sequence[str],
    *,
    protocol: str,
    before: Any = None,
    calibrated: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Measure predictions against the truth.

    Args:
        labels: True class of each photo, int [n] in 0..C-1.
        probs: float [n, C], rows sum to 1; photos that could not be read must be left out.
        class_names: Name of each column, C of them.
        protocol: How the predictions came about, such as "out of fold, 5 folds"; kept in the result.
        before: float [n, C], the probabilities before calibration, to compare; None where unknown.
        calibrated: What is known about the calibration, as plain values; kept in the result.

    Raises:
        FovealError: `bad-value`: no photos, or the arrays do not fit together.
    """
    true, scores = labelled_scores("measure", labels, probs)
    names = [str(name) for name in class_names]
    if len(names) != scores.shape[1]:
        raise bad_value("measure", f"{scores.shape[1]} class_names, one for each column of probs", len(names))
    confusion = classification.confusion_matrix(true, scores.argmax(axis=1), classes=len(names))
    per_class = classification.class_scores(confusion)
    areas = class_areas(true, scores)
    kappa, mcc = kappa_and_mcc(np.trace(confusion), per_class.photos, per_class.predicted)
    hits = int(np.trace(confusion))
    top_k = _top_k(true, scores)
    after = _calibration_figures(true, scores)
    return Evaluation(
        protocol=protocol,
        photos=len(true),
        accuracy=hits / len(true),
        accuracy_interval=wilson(hits, len(true)),
        top5=top_k.get("5"),
        balanced_accuracy=float(per_class.recall[per_class.photos > 0].mean()),
        macro_f1=float(per_class.f1[per_class.photos + per_class.predicted > 0].mean()),
        log_loss=after["log_loss"],
        brier=after["brier"],
        ece=after["ece"],
        per_class=class_records(confusion, areas, names),
        confusion=confusion.tolist(),
        most_confused=_confusions(confusion, names),
        worst_classes=_worst(per_class, names),
        top_k=top_k,
        averages=_averages(true, scores, confusion, areas),
        intervals=_intervals(true, scores, confusion, areas),
        kappa=float(kappa),
        mcc=float(mcc),
        adaptive_ece=after["adaptive_ece"],
        classwise_ece=classwise_calibration_error(true, scores),
        max_calibration_error=maximum_calibration_error(true, scores),
        ece_expected=expected_by_chance(scores),
        reliability={scheme: _reliability(true, scores, scheme) for scheme in calibration.SCHEMES},
        calibration={
            **(calibrated or {}),
            **({} if before is None else {"before": _before(true, before)}),
            "after": after,
        },
    )


def _top_k(labels: NDArray[np.int64], probs: NDArray[Any]) -> dict[str, float]:
    counts = [k for k in TOP_K if k < probs.shape[1]]
    return dict(zip(map(str, counts), classification.top_k_accuracies(labels, probs, counts), strict=True))


def _calibration_figures(labels: NDArray[np.int64], probs: Any) -> dict[str, float]:
    return {
        "log_loss": classification.log_loss(labels, probs),
        "brier": classification.brier(labels, probs),
        "ece": calibration.expected_calibration_error(labels, probs),
        "adaptive_ece": calibration.adaptive_calibration_error(labels, probs),
    }


def _before(labels: NDArray[np.int64], probs: Any) -> dict[str, Any]:
    """The figures of uncalibrated probabilities, and their reliability as in `Evaluation.reliability`."""
    bins = {scheme: _reliability(labels, np.asarray(probs), scheme) for scheme in calibration.SCHEMES}
    return {**_calibration_figures(labels, probs), "reliability": bins}


def _averages(
    labels: NDArray[np.int64], probs: NDArray[Any], confusion: NDArray[np.int64], areas: ClassAreas
) -> dict[str, dict[str, float | None]]:
    """Every average of every figure; NaN, where no class has it, becomes None."""
    micro_roc, micro_pr = micro_areas(labels, probs)
    over = {
        "macro": (over_classes(areas.roc_auc), over_classes(areas.pr_auc)),
        "micro": (micro_roc, micro_pr),
        "weighted": (over_classes(areas.roc_auc, areas.photos), over_classes(areas.pr_auc, areas.photos)),
    }
    found = averages(confusion)
    return {
        kind: {
            name: None if math.isnan(value) else value
            for name, value in {**found[kind]._asdict(), "roc_auc": roc, "pr_auc": pr}.items()
        }
        for kind, (roc, pr) in over.items()
    }


def _intervals(
    labels: NDArray[np.int64], probs: NDArray[Any], confusion: NDArray[np.int64], areas: ClassAreas
) -> dict[str, IntervalRecord]:
    found = confusion_intervals(confusion)
    found["log_loss"] = mean_interval(classification.log_losses(labels, probs))
    found["brier"] = mean_interval(classification.briers(labels, probs))
    if not math.isnan(areas.macro_error):
        # Each photo is a positive of its own class: together they speak for as many positives as there are photos.
        macro = over_classes(areas.roc_auc)
        n = len(labels)
        found["macro_roc_auc"] = roc_interval(macro, areas.macro_error, positives=n, negatives=n)
    return {name: interval.to_dict() for name, interval in found.items()}


def _reliability(labels: NDArray[np.int64], probs: NDArray[Any], scheme: calibration.Scheme) -> list[ReliabilityBin]:
    table = calibration.reliability_table(labels, probs, scheme=scheme)
    return [
        {
            "low": float(low),
            "high": float(high),
            "photos": int(photos),
            "confidence": float(confidence),
            "accuracy": float(accuracy),
            "accuracy_interval": wilson(round(accuracy * photos), int(photos)).to_dict(),
        }
        for low, high, photos, confidence, accuracy in zip(*table, strict=True)
    ]


def _confusions(confusion: NDArray[np.int64], names: list[str]) -> list[Confusion]:
    row, column = np.nonzero(confusion)
    wrong = row != column
    row, column = row[wrong], column[wrong]
    counts = confusion[row, column]
    shares = counts / confusion.sum(axis=1)[row]
    order = np.lexsort((column, row, -shares, -counts))[:MOST_CONFUSED]
    return [
        {
            "true": names[row[at]],
            "predicted": names[column[at]],
            "photos": int(counts[at]),
            "share": float(shares[at]),
        }
        for at in order
    ]


def _worst(scores: classification.ClassScores, names: list[str]) -> list[str]:
    order = np.argsort(scores.recall, kind="stable")
    weak = [row for row in order if scores.photos[row] > 0 and scores.recall[row] < 1]
    return [names[row] for row in weak[:WORST_CLASSES]]
