"""How well each of several labels a photo is recognised.

Every function takes `targets`, bool [n, C], whether each photo shows each class, and `probs`, float [n, C] in 0..1,
each class for itself: rows need not sum to 1. Where only the decision counts, decisions bool [n, C] may stand in for
the probabilities, which otherwise count from 0.5.

Zero division: a figure that would be 0/0 is 0. Averages leave out the classes they cannot speak about:
`mean_average_precision` those without photos, `macro_f1` those that neither have photos nor are predicted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.classification import ClassScores
from foveal.metrics.inputs import blocks
from foveal.types.checked import bad_value

_BINS = 15


def average_precision(targets: Any, probs: Any) -> NDArray[np.float64]:
    """Area under the precision-recall curve of each class, without interpolation: Σ (R_k − R_{k−1})·P_k.

    The precision is taken after all photos of equal probability, so their order does not matter.

    Args:
        targets: bool [n, C].
        probs: float [n, C].

    Returns:
        float64 [C] in 0..1; NaN for a class without photos.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = targets_and_scores("average_precision", targets, probs)
    return np.array([_class_average_precision(true[:, c], scores[:, c]) for c in range(true.shape[1])])


def mean_average_precision(targets: Any, probs: Any) -> float:
    """Mean of the average precision over the classes that have photos (mAP), 0..1.

    Args:
        targets: bool [n, C].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or no class has photos.
    """
    each = average_precision(targets, probs)
    known = each[~np.isnan(each)]
    if not len(known):
        raise bad_value("mean_average_precision", "photos of one class or more", "none")
    return float(known.mean())


def decision_scores(targets: NDArray[np.bool_], decisions: NDArray[np.bool_]) -> ClassScores:
    """Precision, recall and F1 of every class; 0/0 is 0.

    Args:
        targets: bool [n, C].
        decisions: bool [n, C].
    """
    hits = np.count_nonzero(targets & decisions, axis=0)
    photos, predicted = np.count_nonzero(targets, axis=0), np.count_nonzero(decisions, axis=0)
    return ClassScores(
        photos=photos,
        predicted=predicted,
        precision=hits / np.maximum(predicted, 1),
        recall=hits / np.maximum(photos, 1),
        f1=2 * hits / np.maximum(photos + predicted, 1),
    )


def macro_f1(targets: Any, predicted: Any) -> float:
    """Mean F1 of the classes that have photos or were predicted, 0..1; 1 where there is nothing to find or to miss.

    Args:
        targets: bool [n, C].
        predicted: decisions bool [n, C] or probs float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    scores = decision_scores(*targets_and_decisions("macro_f1", targets, predicted))
    spoken = scores.photos + scores.predicted > 0
    return float(scores.f1[spoken].mean()) if spoken.any() else 1.0


def micro_f1(targets: Any, predicted: Any) -> float:
    """F1 of all decisions of all classes taken together, 0..1; 1 where there is nothing to find or to miss.

    Args:
        targets: bool [n, C].
        predicted: decisions bool [n, C] or probs float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, chosen = targets_and_decisions("micro_f1", targets, predicted)
    there = np.count_nonzero(true) + np.count_nonzero(chosen)
    return 2 * np.count_nonzero(true & chosen) / there if there else 1.0


def subset_accuracy(targets: Any, predicted: Any) -> float:
    """Share of photos whose set of labels is exactly right, 0..1.

    Args:
        targets: bool [n, C].
        predicted: decisions bool [n, C] or probs float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, chosen = targets_and_decisions("subset_accuracy", targets, predicted)
    return float((true == chosen).all(axis=1).mean())


def hamming_loss(targets: Any, predicted: Any) -> float:
    """Share of wrong decisions among all photos and classes, 0..1.

    Args:
        targets: bool [n, C].
        predicted: decisions bool [n, C] or probs float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, chosen = targets_and_decisions("hamming_loss", targets, predicted)
    return float((true != chosen).mean())


def coverage_error(targets: Any, probs: Any) -> float:
    """How far down its ranking one must go on average to find all labels of a photo (Tsoumakas et al. 2010).

    A photo without labels counts 0; of equal probabilities all count.

    Args:
        targets: bool [n, C].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = targets_and_scores("coverage_error", targets, probs)
    total = 0
    for rows in blocks(*scores.shape):
        block = scores[rows].astype(np.float64)
        lowest = np.where(true[rows], block, np.inf).min(axis=1, keepdims=True)
        total += int(np.count_nonzero(block >= lowest))
    return total / len(true)


def log_loss(targets: Any, probs: Any) -> float:
    """Mean over photos and classes of -log of the probability of what is true, in nats.

    A probability nearer to 0 or 1 than the machine epsilon of its type counts as that epsilon.

    Args:
        targets: bool [n, C].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = targets_and_scores("log_loss", targets, probs)
    least = float(np.finfo(scores.dtype).eps)
    total = 0.0
    for rows in blocks(*scores.shape):
        block = scores[rows].astype(np.float64)
        total -= float(np.log(np.maximum(np.where(true[rows], block, 1 - block), least)).sum())
    return total / true.size


def expected_calibration_error(targets: Any, probs: Any) -> float:
    """Mean distance between probability and frequency, over 15 equal bins of all photos and classes, 0..1.

    Args:
        targets: bool [n, C].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = targets_and_scores("expected_calibration_error", targets, probs)
    gaps = np.zeros(_BINS)
    for rows in blocks(*scores.shape):
        block = scores[rows].astype(np.float64).ravel()
        where = np.clip(np.ceil(block * _BINS).astype(np.int64) - 1, 0, _BINS - 1)
        gaps += np.bincount(where, block - true[rows].ravel(), minlength=_BINS)
    return float(np.abs(gaps).sum() / true.size)


def targets_and_scores(owner: str, targets: Any, probs: Any) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Targets bool [n, C] and probabilities float [n, C] in 0..1, n and C at least 1.

    Raises:
        FovealError: `bad-value`: other shapes, types or values.
    """
    true, scores = np.asarray(targets), np.asarray(probs)
    if scores.ndim != 2 or 0 in scores.shape or true.shape != scores.shape:
        got = f"{list(true.shape)} and {list(scores.shape)}"
        raise bad_value(owner, "targets and numbers [n, C] for 1 or more photos and classes", got)
    if not np.issubdtype(scores.dtype, np.floating):
        raise bad_value(owner, "floating-point numbers [n, C]", scores.dtype)
    if not (scores.min() >= 0 and scores.max() <= 1):
        raise bad_value(owner, "probabilities in 0..1", "other numbers; leave out photos that could not be read")
    return _booleans(owner, "targets", true), scores


def targets_and_decisions(owner: str, targets: Any, predicted: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Targets and decisions bool [n, C]; probabilities count from 0.5.

    Raises:
        FovealError: `bad-value`: other shapes, types or values.
    """
    chosen = np.asarray(predicted)
    if np.issubdtype(chosen.dtype, np.floating):
        true, scores = targets_and_scores(owner, targets, chosen)
        return true, scores >= 0.5
    true = np.asarray(targets)
    if chosen.ndim != 2 or 0 in chosen.shape or true.shape != chosen.shape:
        got = f"{list(true.shape)} and {list(chosen.shape)}"
        raise bad_value(owner, "targets and decisions [n, C] for 1 or more photos and classes", got)
    return _booleans(owner, "targets", true), _booleans(owner, "decisions", chosen)


def _booleans(owner: str, name: str, values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype != np.bool_ and not (np.issubdtype(values.dtype, np.integer) and np.isin(values, (0, 1)).all()):
        raise bad_value(owner, f"{name} of true and false, or 1 and 0", values.dtype)
    return values.astype(np.bool_, copy=False)


def _class_average_precision(true: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    if not true.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hit, ordered = true[order], scores[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    found = np.cumsum(hit)[last]
    return float(np.diff(found, prepend=0) @ (found / (last + 1)) / found[-1])
