"""How well scores put the photos of a class before all others: the counts that ROC and precision-recall areas need.

Only the distinct scores of positives matter: each other score falls on one of them or between two. Counting those falls
takes a binary search among few numbers for each score instead of a sort of all, and little memory.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ranking(NamedTuple):
    """Positives and negatives in the order of their scores; every array is over the m distinct scores of positives.

    Args:
        positives: float64 [m], positives of each score, lowest score first.
        ties: float64 [m], negatives of exactly that score.
        gaps: float64 [m + 1], negatives below the first score, between neighbours, and above the last.
    """

    positives: NDArray[np.float64]
    ties: NDArray[np.float64]
    gaps: NDArray[np.float64]

    def roc_auc(self) -> float:
        """Chance that a positive scores above a negative, ties half (Hanley & McNeil 1982); NaN without either."""
        negatives = self.ties.sum() + self.gaps.sum()
        positives = self.positives.sum()
        if positives == 0 or negatives == 0:
            return math.nan
        return float(self.positives @ self.below() / (positives * negatives))

    def below(self) -> NDArray[np.float64]:
        """float64 [m]: negatives below each distinct score of positives, those of the same score half."""
        seen = np.cumsum(self.gaps[:-1]) + np.cumsum(self.ties)
        return np.asarray(seen - self.ties / 2)

    def average_precision(self) -> float:
        """Sum over recall steps of the precision there (as scikit-learn defines it); NaN without positives."""
        total = self.positives.sum()
        if total == 0:
            return math.nan
        found = np.cumsum(self.positives[::-1])[::-1]
        alarms = np.cumsum((self.gaps[1:] + self.ties)[::-1])[::-1]
        return float(self.positives @ (found / (found + alarms)) / total)


def rank(positive_scores: NDArray[Any], other_scores: NDArray[Any]) -> Ranking:
    """Count positives and negatives by score.

    Args:
        positive_scores: float [p], scores of positives, in any order.
        other_scores: float [q], scores of negatives, in any order.
    """
    distinct, positives = np.unique(positive_scores, return_counts=True)
    ties, gaps = falls(distinct, other_scores)
    return Ranking(positives.astype(np.float64), ties, gaps)


def falls(distinct: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many scores are equal to each of the ascending numbers, float64 [m], and between them, float64 [m + 1].

    Args:
        distinct: float [m], ascending, no number twice.
        scores: float [q].
    """
    if not len(distinct):
        return np.zeros(0), np.array([float(len(scores))])
    place = np.searchsorted(distinct, scores)
    equal = distinct[np.minimum(place, len(distinct) - 1)] == scores
    ties = np.bincount(place[equal], minlength=len(distinct)).astype(np.float64)
    return ties, np.bincount(place[~equal], minlength=len(distinct) + 1).astype(np.float64)
