"""Areas under the ROC and the precision-recall curve, each class against the rest.

They judge only the order in which probabilities put the photos, not whether the largest is the true class. Averages
leave out classes without photos (and ROC-AUC the class that all photos belong to); "micro" takes every probability of
every photo as one decision, those of classes without photos too. Of one class only, ROC-AUC is NaN.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import blocks, labelled_scores
from foveal.metrics.ranking import Ranking, falls, rank

_COLUMNS = 32  # copied at a time so that a column is one piece of memory


class ClassAreas(NamedTuple):
    """Areas of every class, each float64 [C]; NaN where a class has none.

    Args:
        photos: int64 [C], photos of each class.
        roc_auc: Chance that a photo of the class gets a higher probability of it than another photo does.
        pr_auc: Average precision over the ranks of the photos of the class.
        roc_error: Standard error of `roc_auc` (DeLong et al. 1988), as if one photo of the class and one other more had
            been seen, each as far from the mean as photos with this area are: from a few photos of a class alone, the
            error comes out too small, and 95 % intervals hold the truth in 82 to 92 cases of 100 instead of 94 to 96.
        macro_error: Standard error of the mean of `roc_auc`, over the classes that have it; one number.
    """

    photos: NDArray[np.int64]
    roc_auc: NDArray[np.float64]
    pr_auc: NDArray[np.float64]
    roc_error: NDArray[np.float64]
    macro_error: float


def class_areas(labels: Any, probs: Any) -> ClassAreas:
    """Both areas of every class against the rest, with the standard error of the ROC-AUC.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = labelled_scores("class_areas", labels, probs)
    n, classes = scores.shape
    photos = np.bincount(true, minlength=classes)
    roc, pr, error = (np.full(classes, math.nan) for _ in range(3))
    influence, imagined = np.zeros(n), 0.0
    for first in range(0, classes, _COLUMNS):
        columns = np.ascontiguousarray(scores[:, first : first + _COLUMNS].T)
        for c in np.flatnonzero(photos[first : first + _COLUMNS]) + first:
            positive = true == c
            column = columns[c - first]
            ranking = rank(column[positive], column[~positive])
            roc[c], pr[c] = ranking.roc_auc(), ranking.average_precision()
            if photos[c] < n:
                each = _influence(ranking, column, positive, roc[c])
                more = roc[c] * (1 - roc[c]) * (1 / photos[c] ** 2 + 1 / (n - photos[c]) ** 2)
                error[c] = math.sqrt(each @ each + more)
                influence += each
                imagined += more
    with_area = np.count_nonzero(~np.isnan(roc))
    macro_error = math.sqrt(influence @ influence + imagined) / with_area if with_area else math.nan
    return ClassAreas(photos, roc, pr, error, macro_error)


def micro_areas(labels: Any, probs: Any) -> tuple[float, float]:
    """ROC-AUC and average precision of all n·C probabilities taken together; the ROC-AUC is NaN for one class.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    true, scores = labelled_scores("micro_areas", labels, probs)
    distinct, positives = np.unique(scores[np.arange(len(true)), true], return_counts=True)
    ties, gaps = np.zeros(len(distinct)), np.zeros(len(distinct) + 1)
    for rows in blocks(*scores.shape):
        others = np.ones(scores[rows].shape, np.bool_)
        others[np.arange(len(others)), true[rows]] = False
        # Ascending scores meet the same part of `distinct` one after another, which stays in the processor's cache.
        more_ties, more_gaps = falls(distinct, np.sort(scores[rows][others]))
        ties += more_ties
        gaps += more_gaps
    ranking = Ranking(positives.astype(np.float64), ties, gaps)
    return ranking.roc_auc(), ranking.average_precision()


def macro_roc_auc(labels: Any, probs: Any) -> float:
    """Mean ROC-AUC of the classes that have photos, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return over_classes(class_areas(labels, probs).roc_auc)


def weighted_roc_auc(labels: Any, probs: Any) -> float:
    """Mean ROC-AUC weighted by the photos of each class, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    areas = class_areas(labels, probs)
    return over_classes(areas.roc_auc, areas.photos)


def micro_roc_auc(labels: Any, probs: Any) -> float:
    """ROC-AUC of all probabilities of all classes taken together, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return micro_areas(labels, probs)[0]


def macro_pr_auc(labels: Any, probs: Any) -> float:
    """Mean average precision of the classes that have photos, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return over_classes(class_areas(labels, probs).pr_auc)


def weighted_pr_auc(labels: Any, probs: Any) -> float:
    """Mean average precision weighted by the photos of each class, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    areas = class_areas(labels, probs)
    return over_classes(areas.pr_auc, areas.photos)


def micro_pr_auc(labels: Any, probs: Any) -> float:
    """Average precision of all probabilities of all classes taken together, 0..1.

    Args:
        labels: int [n].
        probs: float [n, C].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return micro_areas(labels, probs)[1]


def over_classes(areas: NDArray[np.float64], photos: NDArray[np.int64] | None = None) -> float:
    """Mean of the areas that are not NaN, weighted by photos where given; NaN where all are.

    Args:
        areas: float64 [C].
        photos: int64 [C].
    """
    known = ~np.isnan(areas)
    if not known.any():
        return math.nan
    return float(np.average(areas[known], weights=None if photos is None else photos[known]))


def _influence(ranking: Ranking, column: NDArray[Any], positive: NDArray[np.bool_], area: float) -> NDArray[np.float64]:
    """float64 [n]: how far each photo moves the area; the sum of squares is its variance (DeLong et al. 1988).

    A positive moves it by the share of negatives below it, a negative by the share of positives above it, each less the
    area and over their number.
    """
    each = np.zeros(len(column))
    own = column[positive]
    distinct = np.unique(own)
    place = np.searchsorted(distinct, own)
    negatives, positives = int(np.count_nonzero(~positive)), len(own)
    each[positive] = (ranking.below()[place] / negatives - area) / positives
    rest = column[~positive]
    upto = np.concatenate(([0.0], np.cumsum(ranking.positives)))
    right, left = np.searchsorted(distinct, rest, side="right"), np.searchsorted(distinct, rest)
    above = positives - (upto[right] + upto[left]) / 2
    each[~positive] = (above / positives - area) / negatives
    return each
