"""All figures of a classifier at once, from its probabilities and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics import calibration, classification
from foveal.metrics.inputs import labelled_scores
from foveal.metrics.intervals import wilson
from foveal.types.checked import bad_value
from foveal.types.evaluation import ClassScore, Confusion, Evaluation

MOST_CONFUSED = 10
WORST_CLASSES = 5


def measure(labels: Any, probs: Any, class_names: Sequence[str], *, protocol: str) -> Evaluation:
    """Measure predictions against the truth.

    Args:
        labels: True class of each photo, int [n] in 0..C-1.
        probs: float [n, C], rows sum to 1; photos that could not be read must be left out.
        class_names: Name of each column, C of them.
        protocol: How the predictions came about, such as "out of fold, 5 folds"; kept in the result.

    Raises:
        FovealError: `bad-value`: no photos, or the arrays do not fit together.
    """
    true, scores = labelled_scores("measure", labels, probs)
    names = [str(name) for name in class_names]
    if len(names) != scores.shape[1]:
        raise bad_value("measure", f"{scores.shape[1]} class_names, one for each column of probs", len(names))
    predictions = scores.argmax(axis=1)
    confusion = classification.confusion_matrix(true, predictions, classes=len(names))
    per_class = classification.class_scores(confusion)
    hits = int(np.diagonal(confusion).sum())
    return Evaluation(
        protocol=protocol,
        photos=len(true),
        accuracy=hits / len(true),
        accuracy_interval=wilson(hits, len(true)),
        top5=classification.top_k_accuracy(true, scores, k=5) if len(names) > 5 else None,
        balanced_accuracy=float(per_class.recall[per_class.photos > 0].mean()),
        macro_f1=float(per_class.f1[per_class.photos + per_class.predicted > 0].mean()),
        log_loss=classification.log_loss(true, scores),
        brier=classification.brier(true, scores),
        ece=calibration.expected_calibration_error(true, scores),
        per_class=_class_list(per_class, confusion, names),
        confusion=confusion.tolist(),
        most_confused=_confusions(confusion, names),
        worst_classes=_worst(per_class, names),
    )


def _class_list(scores: classification.ClassScores, confusion: NDArray[np.int64], names: list[str]) -> list[ClassScore]:
    return [
        {
            "name": name,
            "photos": int(scores.photos[row]),
            "precision": float(scores.precision[row]),
            "recall": float(scores.recall[row]),
            "recall_interval": wilson(int(confusion[row, row]), int(scores.photos[row])).to_dict(),
            "f1": float(scores.f1[row]),
        }
        for row, name in enumerate(names)
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
