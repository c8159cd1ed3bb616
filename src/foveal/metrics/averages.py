"""Precision, recall, specificity and F1 as one number over all classes.

"macro": the plain mean over classes. "weighted": the mean weighted by photos. "micro": all decisions about all classes
taken together, where one class a photo makes precision, recall and F1 the accuracy. `macro_recall` is the balanced
accuracy: it leaves out classes without photos. The others leave out classes that neither have photos nor are predicted,
and specificity also the class that every photo belongs to. Otherwise 0/0 is 0; see `foveal.metrics.classification`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.classification import ClassScores, class_scores, confusion_matrix


class Averages(NamedTuple):
    """One kind of average, each 0..1; specificity is NaN where no photo can speak about it.

    Args:
        precision: Of the photos a class was predicted for, the share that are right.
        recall: Of the photos of a class, the share that are found.
        specificity: Of the photos of other classes, the share that the class was not predicted for.
        f1: Harmonic mean of precision and recall.
    """

    precision: float
    recall: float
    specificity: float
    f1: float


def class_specificity(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the photos of other classes for which a class was not predicted, float64 [C]; NaN without such photos.

    Args:
        confusion: int64 [C, C]; row = true class, column = predicted class.
    """
    others = confusion.sum() - confusion.sum(axis=1)
    false_alarms = confusion.sum(axis=0) - np.diagonal(confusion)
    return np.where(others > 0, 1 - false_alarms / np.maximum(others, 1), math.nan)


def averages(confusion: NDArray[np.int64]) -> dict[str, Averages]:
    """Averages over classes by kind: "macro", "micro" and "weighted".

    Args:
        confusion: int64 [C, C] with one photo or more; row = true class, column = predicted class.
    """
    scores, specificity = class_scores(confusion), class_specificity(confusion)
    seen = scores.photos + scores.predicted > 0
    known = seen & ~np.isnan(specificity)
    total = confusion.sum()
    accuracy = float(np.diagonal(confusion).sum() / total)
    pairs = total * (np.count_nonzero(seen) - 1)
    return {
        "macro": Averages(
            float(scores.precision[seen].mean()),
            float(scores.recall[scores.photos > 0].mean()),
            float(specificity[known].mean()) if known.any() else math.nan,
            float(scores.f1[seen].mean()),
        ),
        "micro": Averages(
            accuracy, accuracy, float(1 - (1 - accuracy) * total / pairs) if pairs > 0 else math.nan, accuracy
        ),
        "weighted": _weighted(scores, specificity, known),
    }


def _weighted(scores: ClassScores, specificity: NDArray[np.float64], known: NDArray[np.bool_]) -> Averages:
    share = scores.photos / scores.photos.sum()
    weight = share[known]
    return Averages(
        float(share @ scores.precision),
        float(share @ scores.recall),
        float(weight @ specificity[known] / weight.sum()) if weight.sum() > 0 else math.nan,
        float(share @ scores.f1),
    )


def macro_precision(labels: Any, predicted: Any) -> float:
    """Mean precision of the classes that have photos or were predicted, 0..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["macro"].precision


def weighted_precision(labels: Any, predicted: Any) -> float:
    """Mean precision weighted by the photos of each class, 0..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["weighted"].precision


def micro_precision(labels: Any, predicted: Any) -> float:
    """Precision of all decisions taken together, 0..1; with one class a photo it is the accuracy.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["micro"].precision


def macro_recall(labels: Any, predicted: Any) -> float:
    """Mean recall of the classes that have photos, 0..1: the balanced accuracy.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["macro"].recall


def weighted_recall(labels: Any, predicted: Any) -> float:
    """Mean recall weighted by the photos of each class, 0..1; with one class a photo it is the accuracy.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["weighted"].recall


def micro_recall(labels: Any, predicted: Any) -> float:
    """Recall of all decisions taken together, 0..1; with one class a photo it is the accuracy.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["micro"].recall


def weighted_f1(labels: Any, predicted: Any) -> float:
    """Mean F1 weighted by the photos of each class, 0..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["weighted"].f1


def micro_f1(labels: Any, predicted: Any) -> float:
    """F1 of all decisions taken together, 0..1; with one class a photo it is the accuracy.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["micro"].f1


def macro_specificity(labels: Any, predicted: Any) -> float:
    """Mean specificity of the classes that have photos or were predicted, 0..1; NaN where every photo is of one class.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["macro"].specificity


def weighted_specificity(labels: Any, predicted: Any) -> float:
    """Mean specificity weighted by the photos of each class, 0..1; NaN where every photo is of one class.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["weighted"].specificity


def micro_specificity(labels: Any, predicted: Any) -> float:
    """Specificity of all decisions taken together, 0..1; NaN where only one class is seen.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return averages(confusion_matrix(labels, predicted))["micro"].specificity
