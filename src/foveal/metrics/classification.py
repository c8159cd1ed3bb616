"""How often, and how surely, the predicted class is the true one.

Every function takes `labels`, int [n] in 0..C-1, and either `probs`, float [n, C] with rows that sum to 1, or, where
only the decision counts, also predictions int [n]. Of equal probabilities the earlier class is the prediction.

Zero division: a figure that would be 0/0 (precision of a class that is never predicted, recall of a class without
photos, F1 of either) is 0. Averages leave out the classes they cannot speak about: `balanced_accuracy` those without
photos, `macro_f1` those that neither have photos nor are predicted. scikit-learn's defaults are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import blocks, labelled_predictions, labelled_scores
from foveal.types.checked import bad_value


class ClassScores(NamedTuple):
    """Figures of every class, each [C].

    Args:
        photos: int64, photos whose true class it is.
        predicted: int64, photos it was predicted for.
        precision: float64 0..1, share of those predicted that are right.
        recall: float64 0..1, share of its photos that are found.
        f1: float64 0..1, harmonic mean of the two.
    """

    photos: NDArray[np.int64]
    predicted: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def accuracy(labels: Any, predicted: Any) -> float:
    """Share of photos whose predicted class is the true one, 0..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, chosen, _ = labelled_predictions("accuracy", labels, predicted)
    return float(np.mean(true == chosen))


def top_k_accuracy(labels: Any, probs: Any, *, k: int = 5) -> float:
    """Share of photos whose true class is among the k most probable, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].
        k: How many count, at least 1; of equal probabilities the earlier class ranks higher.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or k below 1.
    """
    return top_k_accuracies(labels, probs, [k])[0]


def top_k_accuracies(labels: Any, probs: Any, counts: Sequence[int]) -> list[float]:
    """`top_k_accuracy` for several k at the cost of one.

    Args:
        labels: int [n].
        probs: float [n, C].
        counts: Each k, at least 1.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or a k below 1.
    """
    if any(k < 1 for k in counts):
        raise bad_value("top_k_accuracy", "k of at least 1", min(counts))
    true, scores = labelled_scores("top_k_accuracy", labels, probs)
    columns = np.arange(scores.shape[1])
    hits = np.zeros(len(counts), np.int64)
    for rows in blocks(*scores.shape):
        block, label = scores[rows], true[rows, None]
        own = np.take_along_axis(block, label, axis=1)
        ahead = np.count_nonzero(block > own, axis=1) + np.count_nonzero((block == own) & (columns < label), axis=1)
        hits += [np.count_nonzero(ahead < k) for k in counts]
    return [int(hit) / len(true) for hit in hits]


def confusion_matrix(labels: Any, predicted: Any, *, classes: int | None = None) -> NDArray[np.int64]:
    """Counts of every pair of true and predicted class.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].
        classes: C, where predictions alone do not tell.

    Returns:
        int64 [C, C]; row = true class, column = predicted class.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or a number of C or more.
    """
    true, chosen, seen = labelled_predictions("confusion_matrix", labels, predicted)
    size = seen if classes is None else classes
    if size < seen:
        raise bad_value("confusion_matrix", f"classes of at least {seen}, as the arrays hold", size)
    return np.bincount(true * size + chosen, minlength=size * size).reshape(size, size).astype(np.int64, copy=False)


def class_scores(confusion: NDArray[np.int64]) -> ClassScores:
    """Precision, recall and F1 of every class; 0/0 is 0.

    Args:
        confusion: int64 [C, C]; row = true class, column = predicted class.
    """
    hits = np.diagonal(confusion).astype(np.float64)
    photos, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    return ClassScores(
        photos=photos,
        predicted=predicted,
        precision=hits / np.maximum(predicted, 1),
        recall=hits / np.maximum(photos, 1),
        f1=2 * hits / np.maximum(photos + predicted, 1),
    )


def real_accuracy(targets: Any, predictions: Any) -> float:
    """Share of photos whose predicted class is one of those they show; ReaL top-1 (Beyer et al. 2020).

    Args:
        targets: bool [n, C], which classes each photo shows. Photos that show none are left out.
        predictions: int [n] in 0..C-1.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or no photo shows any class.
    """
    shown, chosen = np.asarray(targets), np.asarray(predictions)
    if shown.dtype != np.bool_ or shown.ndim != 2 or chosen.shape != shown.shape[:1]:
        expected = "targets as bool [n, C] and predictions as int [n]"
        raise bad_value("real_accuracy", expected, f"{shown.dtype} {list(shown.shape)} and {list(chosen.shape)}")
    counted = shown.any(axis=1)
    if not counted.any():
        raise bad_value("real_accuracy", "one or more photos that show a class", "none")
    return float(shown[counted, chosen[counted]].mean())


def balanced_accuracy(labels: Any, predicted: Any) -> float:
    """Mean recall of the classes that have photos, 0..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    scores = class_scores(confusion_matrix(labels, predicted))
    return float(scores.recall[scores.photos > 0].mean())


def macro_f1(labels: Any, predicted: Any) -> float:
    """Mean F1 of the classes that have photos or were predicted, 0..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    scores = class_scores(confusion_matrix(labels, predicted))
    return float(scores.f1[scores.photos + scores.predicted > 0].mean())


def log_loss(labels: Any, probs: Any) -> float:
    """Mean of -log of the probability of the true class, in nats.

    A probability below the machine epsilon of its type (1.2e-7 for float32) counts as that epsilon, so that one sure
    mistake costs 16 nats rather than infinity.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return float(log_losses(labels, probs).mean())


def log_losses(labels: Any, probs: Any) -> NDArray[np.float64]:
    """The log loss of each photo, as `log_loss` counts it, float64 [n].

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = labelled_scores("log_loss", labels, probs)
    own = scores[np.arange(len(true)), true]
    return np.asarray(-np.log(np.clip(own.astype(np.float64), np.finfo(scores.dtype).eps, 1.0)))


def brier(labels: Any, probs: Any) -> float:
    """Mean squared distance of the probabilities from the truth, 0..2 (Brier 1950, the form for several classes).

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return float(briers(labels, probs).mean())


def briers(labels: Any, probs: Any) -> NDArray[np.float64]:
    """The Brier score of each photo, as `brier` counts it, float64 [n].

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = labelled_scores("brier", labels, probs)
    each = np.empty(len(true))
    for rows in blocks(*scores.shape):
        distance = scores[rows].astype(np.float64)
        distance[np.arange(len(distance)), true[rows]] -= 1
        each[rows] = np.einsum("ij,ij->i", distance, distance)
    return each
