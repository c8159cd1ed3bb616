"""From the logits of yes-or-no questions to probabilities: one temperature for all classes, and a shift for each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.calibration import TEMPERATURES
from foveal.metrics.inputs import blocks
from foveal.types.checked import bad_value

_MOST_STEPS = 50
_SMALL_STEP = 1e-5
_SLOPES = (1 / TEMPERATURES[1], 1 / TEMPERATURES[0])


class Platt(NamedTuple):
    """Probabilities are sigmoid((logits + shift) / temperature).

    Args:
        temperature: Above 0.
        shift: float64 [C].
    """

    temperature: float
    shift: NDArray[np.float64]

    def probs(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """float32 [n, C] in 0..1 from logits [n, C]."""
        return sigmoid((logits + self.shift.astype(np.float32)) / np.float32(self.temperature)).astype(np.float32)


def sigmoid(logits: Any) -> NDArray[Any]:
    """1 / (1 + exp(-logits)), of the type of the logits; never overflows."""
    array = np.asarray(logits)
    small = np.exp(-np.abs(array))
    result: NDArray[Any] = np.where(array >= 0, array.dtype.type(1), small) / (1 + small)
    return result


def fit_platt(logits: Any, targets: Any) -> Platt:
    """Fit the temperature and the shifts with the lowest log loss (Platt 1999), by Newton's method.

    One slope for all classes, because a class of its own seldom has the photos that two numbers take: with 150 photos
    of 10 classes it was the best on other photos. The targets are Platt's, (N₊ + 1)/(N₊ + 2) and 1/(N₋ + 2), so that
    classes the logits always get right have a solution too.

    Args:
        logits: float [n, C], finite.
        targets: bool [n, C].

    Returns:
        A temperature in 0.05..20, and a shift for each class.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together.
    """
    z, true = np.asarray(logits), np.asarray(targets)
    if z.ndim != 2 or 0 in z.shape or true.shape != z.shape or not np.isfinite(z).all():
        raise bad_value("fit_platt", "finite logits and targets [n, C]", f"{list(z.shape)} and {list(true.shape)}")
    positives = true.sum(axis=0)
    goal = (positives + 1) / (positives + 2), 1 / (len(true) - positives + 2)
    point = np.concatenate([[1.0], np.zeros(z.shape[1])])
    value, step = _newton(z, true, goal, point)
    for _ in range(_MOST_STEPS):
        length = 1.0
        candidate = _within(point + step)
        new_value, new_step = _newton(z, true, goal, candidate)
        while new_value > value and length > _SMALL_STEP:
            length /= 2
            candidate = _within(point + length * step)
            new_value, new_step = _newton(z, true, goal, candidate)
        moved = float(np.abs(candidate - point).max())
        if new_value > value:
            break
        point, value, step = candidate, new_value, new_step
        if moved < _SMALL_STEP:
            break
    return Platt(1 / float(point[0]), point[1:] / point[0])


def _within(point: NDArray[np.float64]) -> NDArray[np.float64]:
    point[0] = np.clip(point[0], *_SLOPES)
    return point


def _newton(
    z: NDArray[Any],
    true: NDArray[np.bool_],
    goal: tuple[NDArray[np.float64], NDArray[np.float64]],
    point: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Log loss at (slope, intercepts), and the Newton step from there.

    The Hessian has an arrow's shape, one row and column for the slope and else a diagonal, so that the step costs no
    more than the sums it is made of.
    """
    classes = z.shape[1]
    loss = 0.0
    by_slope = curve = 0.0
    by_shift, cross, diagonal = np.zeros(classes), np.zeros(classes), np.full(classes, 1e-9)
    for rows in blocks(*z.shape):
        block = z[rows].astype(np.float64)
        logits = point[0] * block + point[1:]
        wanted = np.where(true[rows], *goal)
        probs = sigmoid(logits)
        loss += float((np.maximum(logits, 0) - logits * wanted + np.log1p(np.exp(-np.abs(logits)))).sum())
        gap, weight = probs - wanted, probs * (1 - probs)
        by_slope += float(np.einsum("ij,ij->", gap, block))
        by_shift += gap.sum(axis=0)
        weighted = weight * block
        curve += float(np.einsum("ij,ij->", weighted, block))
        cross += weighted.sum(axis=0)
        diagonal += weight.sum(axis=0)
    left = curve - float((cross**2 / diagonal).sum()) + 1e-9
    slope = -(by_slope - float((cross * by_shift / diagonal).sum())) / left
    if (slope < 0 and point[0] <= _SLOPES[0]) or (slope > 0 and point[0] >= _SLOPES[1]):
        slope = 0.0
    return loss, np.concatenate([[slope], -(by_shift + cross * slope) / diagonal])
