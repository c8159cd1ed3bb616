"""Answering only the surest photos: which share is wrong for every share that is answered.

Photos of one confidence cannot be told apart: they are answered together, and where an average runs over every share,
each of them counts with the mean of their errors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import labelled_scores
from foveal.types.checked import bad_value


class RiskCoverage(NamedTuple):
    """The risk–coverage curve (El-Yaniv and Wiener 2010); arrays [points], from the surest photos to all.

    Args:
        answered: float64 0..1, share of photos answered, ascending to 1.
        error: float64 0..1, share of the answered that are wrong.
        confidence: float64 0..1, the lowest confidence answered, descending.
    """

    answered: NDArray[np.float64]
    error: NDArray[np.float64]
    confidence: NDArray[np.float64]


def risk_coverage(labels: Any, probs: Any) -> RiskCoverage:
    """The curve with one point for every confidence that occurs.

    Args:
        labels: int [n].
        probs: float [n, C]; the largest is the confidence.

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    confidence, wrong = _surest_first("risk_coverage", labels, probs)
    last = np.append(np.flatnonzero(np.diff(confidence)), len(confidence) - 1)
    count = last + 1
    return RiskCoverage(count / len(confidence), np.cumsum(wrong)[last] / count, confidence[last])


def thinned(curve: RiskCoverage, points: int = 100) -> RiskCoverage:
    """The curve with at most `points` points, about evenly spaced along the share answered; both ends are kept.

    Args:
        curve: Any curve.
        points: At least 2.

    Raises:
        FovealError: `bad-value`: fewer than 2 points.
    """
    if points < 2:
        raise bad_value("thinned", "2 or more points", points)
    if len(curve.answered) <= points:
        return curve
    wanted = np.linspace(curve.answered[0], 1.0, points)
    kept = np.unique(np.minimum(np.searchsorted(curve.answered, wanted), len(curve.answered) - 1))
    return RiskCoverage(*(each[kept] for each in curve))


def area_under_risk_coverage(labels: Any, probs: Any) -> float:
    """AURC: the mean error over all shares answered, one photo to all, 0..1; lower is better (Geifman et al. 2019).

    Args:
        labels: int [n].
        probs: float [n, C]; the largest is the confidence.

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    confidence, wrong = _surest_first("area_under_risk_coverage", labels, probs)
    _, alike, photos = np.unique(-confidence, return_inverse=True, return_counts=True)
    shared = (np.bincount(alike, wrong) / photos)[alike]
    return float((np.cumsum(shared) / np.arange(1, len(shared) + 1)).mean())


def excess_area(labels: Any, probs: Any) -> float:
    """E-AURC: AURC beyond that of the best order of the same photos, all right ones first; at least 0, 0 is perfect.

    The best area is the exact one of n photos; Geifman et al. 2019 give its limit for large n,
    error + (1 − error)·log(1 − error).

    Args:
        labels: int [n].
        probs: float [n, C]; the largest is the confidence.

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    _, wrong = _surest_first("excess_area", labels, probs)
    count = np.arange(1, len(wrong) + 1)
    best = float((np.maximum(count - np.count_nonzero(wrong == 0), 0) / count).mean())
    return max(0.0, area_under_risk_coverage(labels, probs) - best)


def answerable_share(labels: Any, probs: Any, max_error: float) -> float:
    """The largest share that could have been answered with at most `max_error` wrong, with hindsight, 0..1.

    This is what was measured, not what can be promised: a threshold chosen so is too loose on the next photos.

    Args:
        labels: int [n].
        probs: float [n, C]; the largest is the confidence.
        max_error: Largest share of wrong answers, 0..1.

    Raises:
        FovealError: `bad-value`: no photos, arrays that do not fit together, or an error outside 0..1.
    """
    if not 0 <= max_error <= 1:
        raise bad_value("answerable_share", "a max_error in 0..1", max_error)
    curve = risk_coverage(labels, probs)
    return float(curve.answered[curve.error <= max_error].max(initial=0.0))


def _surest_first(owner: str, labels: Any, probs: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidence, descending, and whether the answer is wrong, 0 or 1: both float64 [n]."""
    true, scores = labelled_scores(owner, labels, probs)
    confidence = scores.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    return confidence[order], (scores.argmax(axis=1) != true)[order].astype(np.float64)
