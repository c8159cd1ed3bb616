"""Vector scaling: a factor and a shift of each class's logit, held near plain temperature scaling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.calibration import softmax

# Spread of factors around 1 and of shifts around 0 that is believed before any photo is seen (a normal prior). On
# clothes 0.1, 0.25, 0.5 and 1 gained 0.5, 0.6, 0.2 and -0.4 thousandths of a nat out of fold (mean of 24 splits).
_SPREAD = 0.25
_MOST_STEPS = 30
_TOLERANCE = 1e-6


def fit_vector(logits: Array, labels: NDArray[np.int32], *, smoothing: float) -> tuple[Array, Array]:
    """Factors and shifts with the lowest penalised log loss (Guo et al. 2017, section 4.2), by Newton's method.

    Log loss is convex in both; the penalty, that of a normal prior around factor 1 and shift 0, makes the least unique.

    Args:
        logits: float32 [n, C], already divided by their temperature.
        labels: int [n].
        smoothing: Share of each label given to the other classes alike, as in `fit_temperature`.

    Returns:
        The factors and the shifts, each float32 [C]: probabilities are softmax(logits * factors + shifts).
    """
    n, classes = logits.shape
    targets = np.full((n, classes), smoothing / max(classes - 1, 1))
    targets[np.arange(n), labels] = 1 - smoothing
    rows = logits.astype(np.float64)
    point = np.concatenate((np.ones(classes), np.zeros(classes)))
    neutral = point.copy()
    value, probs = _loss(rows, targets, point, neutral)
    for _ in range(_MOST_STEPS):
        slope, curve = _derivatives(rows, targets, probs, point, neutral)
        step = np.linalg.solve(curve, slope)
        gain = float(slope @ step)
        if gain < _TOLERANCE:
            break
        length = 1.0
        while length > 1e-4:
            following, after = _loss(rows, targets, point - length * step, neutral)
            if following <= value - 1e-4 * length * gain:
                break
            length /= 2
        else:
            break
        point, value, probs = point - length * step, following, after
    return point[:classes].astype(np.float32), point[classes:].astype(np.float32)


def _loss(
    rows: NDArray[np.float64], targets: NDArray[np.float64], point: NDArray[np.float64], neutral: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Penalised log loss summed over photos, and the probabilities."""
    classes = rows.shape[1]
    scaled = rows * point[:classes] + point[classes:]
    probs: NDArray[np.float64] = softmax(scaled)
    top = scaled.max(axis=1)
    total = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
    away = point - neutral
    loss = float(total.sum() - np.einsum("nc,nc->", targets, scaled))
    return loss + float(away @ away) / (2 * _SPREAD**2), probs


def _derivatives(
    rows: NDArray[np.float64],
    targets: NDArray[np.float64],
    probs: NDArray[np.float64],
    point: NDArray[np.float64],
    neutral: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradient [2C] and Hessian [2C, 2C] of the penalised log loss."""
    gap = probs - targets
    slope = np.concatenate((np.einsum("nc,nc->c", gap, rows), gap.sum(axis=0)))
    weighted = np.concatenate((probs * rows, probs), axis=1)
    curve = -(weighted.T @ weighted)
    classes = rows.shape[1]
    every = np.arange(classes)
    curve[every, every] += np.einsum("nc,nc,nc->c", probs, rows, rows)
    curve[every + classes, every + classes] += probs.sum(axis=0)
    mixed = weighted[:, :classes].sum(axis=0)
    curve[every, every + classes] += mixed
    curve[every + classes, every] += mixed
    curve[np.diag_indices_from(curve)] += 1 / _SPREAD**2
    return slope + (point - neutral) / _SPREAD**2, curve
