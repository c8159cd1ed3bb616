"""Agreement with the truth beyond what chance would give: Cohen's kappa and Matthews' correlation.

Both are 1 for perfect and about 0 for random predictions, whatever the shares of the classes. 0/0, as where every photo
has one class and one prediction, is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.classification import confusion_matrix


def kappa_and_mcc(hits: Any, photos: Any, predicted: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cohen's kappa and Matthews' correlation of one or many confusion matrices, from their sums.

    Args:
        hits: float [...], photos recognised: the trace.
        photos: float [..., C], photos of each true class: the sums of the rows.
        predicted: float [..., C], photos of each predicted class: the sums of the columns.

    Returns:
        Each float64 [...].
    """
    rows, columns = np.asarray(photos, np.float64), np.asarray(predicted, np.float64)
    total = rows.sum(axis=-1)
    # In counts, not shares: whole numbers below 2**53 are exact, so that 0/0 is recognised as such.
    chance = np.einsum("...c,...c->...", rows, columns)
    above = total * np.asarray(hits, np.float64) - chance
    room = total * total - chance
    spread_true = total * total - np.einsum("...c,...c->...", rows, rows)
    spread_predicted = total * total - np.einsum("...c,...c->...", columns, columns)
    spread = np.sqrt(spread_true * spread_predicted)
    return _divided(above, room), _divided(above, spread)


def cohen_kappa(labels: Any, predicted: Any) -> float:
    """Cohen's kappa (Cohen 1960): (accuracy - chance) / (1 - chance), chance from the shares of both, -1..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return float(_both(labels, predicted)[0])


def matthews_correlation(labels: Any, predicted: Any) -> float:
    """Matthews' correlation coefficient for any number of classes, R_K (Gorodkin 2004), -1..1.

    Args:
        labels: int [n].
        predicted: probs float [n, C] or predictions int [n].

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    return float(_both(labels, predicted)[1])


def _both(labels: Any, predicted: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    confusion = confusion_matrix(labels, predicted)
    return kappa_and_mcc(np.trace(confusion), confusion.sum(axis=1), confusion.sum(axis=0))


def _divided(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotient, 0 where it would be 0/0."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 0.0)
