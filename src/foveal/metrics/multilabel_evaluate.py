"""All figures of a multi-label classifier at once, from its probabilities, its decisions and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics import multilabel
from foveal.metrics.classification import ClassScores
from foveal.metrics.evaluate import WORST_CLASSES
from foveal.metrics.intervals import wilson
from foveal.metrics.multilabel_intervals import bootstrap_map
from foveal.types.checked import bad_value
from foveal.types.multilabel_evaluation import LabelScore, MultiLabelEvaluation


def measure_multilabel(
    targets: Any, probs: Any, decisions: Any, class_names: Sequence[str], *, thresholds: Any, protocol: str
) -> MultiLabelEvaluation:
    """Measure predictions against the truth.

    Args:
        targets: bool [n, C], whether each photo shows each class; one class at least has photos.
        probs: float [n, C] in 0..1, each class for itself; photos that could not be read must be left out.
        decisions: bool [n, C], whether each photo was said to show each class.
        class_names: Name of each column, C of them.
        thresholds: float [C], from which probability on the classifier says yes; kept in the result.
        protocol: How the predictions came about, such as "labelled photos"; kept in the result.

    Raises:
        FovealError: `bad-value`: no photos, or the arrays do not fit together.
    """
    true, scores = multilabel.targets_and_scores("measure_multilabel", targets, probs)
    _, chosen = multilabel.targets_and_decisions("measure_multilabel", true, decisions)
    names, limits = [str(name) for name in class_names], np.asarray(thresholds, np.float64)
    if len(names) != scores.shape[1] or limits.shape != (len(names),):
        expected = f"{scores.shape[1]} class_names and thresholds, one for each column of probs"
        raise bad_value("measure_multilabel", expected, f"{len(names)} and {limits.size}")
    precision_areas = multilabel.average_precision(true, scores)
    per_class = multilabel.decision_scores(true, chosen)
    return MultiLabelEvaluation(
        protocol=protocol,
        photos=len(true),
        labels_per_photo=float(true.sum() / len(true)),
        mean_average_precision=multilabel.mean_average_precision(true, scores),
        mean_average_precision_interval=bootstrap_map(true, scores),
        micro_f1=multilabel.micro_f1(true, chosen),
        macro_f1=multilabel.macro_f1(true, chosen),
        subset_accuracy=multilabel.subset_accuracy(true, chosen),
        hamming_loss=multilabel.hamming_loss(true, chosen),
        coverage_error=multilabel.coverage_error(true, scores),
        log_loss=multilabel.log_loss(true, scores),
        ece=multilabel.expected_calibration_error(true, scores),
        per_class=_class_list(per_class, np.count_nonzero(true & chosen, axis=0), precision_areas, limits, names),
        worst_classes=_worst(precision_areas, names),
    )


def _class_list(
    scores: ClassScores,
    hits: NDArray[np.int64],
    areas: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    names: list[str],
) -> list[LabelScore]:
    return [
        {
            "name": name,
            "photos": int(scores.photos[row]),
            "average_precision": None if np.isnan(areas[row]) else float(areas[row]),
            "threshold": float(thresholds[row]),
            "precision": float(scores.precision[row]),
            "recall": float(scores.recall[row]),
            "recall_interval": wilson(int(hits[row]), int(scores.photos[row])).to_dict(),
            "f1": float(scores.f1[row]),
        }
        for row, name in enumerate(names)
    ]


def _worst(areas: NDArray[np.float64], names: list[str]) -> list[str]:
    return [names[row] for row in np.argsort(areas, kind="stable") if areas[row] < 1][:WORST_CLASSES]
