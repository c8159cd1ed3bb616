"""Limited-memory BFGS for smooth convex functions of one array."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from foveal.heads.linear import Array

_MEMORY = 6
_SUFFICIENT_DECREASE = 1e-4


def minimise(
    function: Callable[[Array], tuple[float, Array]],
    start: Array,
    *,
    scale: Array,
    tolerance: float = 3e-3,
    most_iterations: int = 60,
) -> Array:
    """Minimise a smooth convex function (Nocedal & Wright, algorithms 7.4 and 3.1).

    Args:
        function: Gives value and gradient (float32, the shape of `start`) at a point.
        start: float32, where to begin; not changed.
        scale: Broadcasts to `start`: a diagonal estimate of the inverse Hessian.
        tolerance: Stop when the scaled gradient, relative to the first one from zero, is below it.
        most_iterations: Stop then in any case.

    Returns:
        float32, the point reached.
    """
    point, (value, gradient) = start, function(start)
    reference = _norm(function(np.zeros_like(start))[1], scale) if np.any(start) else _norm(gradient, scale)
    memory: deque[tuple[Array, Array, float]] = deque(maxlen=_MEMORY)
    for _ in range(most_iterations):
        if _norm(gradient, scale) <= tolerance * reference:
            break
        direction = _direction(gradient, memory, scale)
        slope = float(np.vdot(gradient, direction))
        step = 1.0
        while True:
            candidate = point + np.float32(step) * direction
            new_value, new_gradient = function(candidate)
            if new_value <= value + _SUFFICIENT_DECREASE * step * slope:
                break
            step *= 0.5
            if step < 1e-6:
                return point
        moved, turned = candidate - point, new_gradient - gradient
        curvature = float(np.vdot(moved, turned))
        if curvature > 0:
            memory.append((moved, turned, 1 / curvature))
        point, value, gradient = candidate, new_value, new_gradient
    return point


def _norm(gradient: Array, scale: Array) -> float:
    return float(np.sqrt(np.vdot(gradient, gradient * scale)))


def _direction(gradient: Array, memory: deque[tuple[Array, Array, float]], scale: Array) -> Array:
    """−H·gradient by the two-loop recursion, H started from the diagonal estimate."""
    vector = gradient.copy()
    factors = []
    for moved, turned, rho in reversed(memory):
        factor = np.float32(rho * float(np.vdot(moved, vector)))
        vector -= factor * turned
        factors.append(factor)
    if memory:
        moved, turned, rho = memory[-1]
        vector *= np.float32(1 / (rho * float(np.vdot(turned, turned * scale))))
    vector *= scale
    for (moved, turned, rho), factor in zip(memory, reversed(factors), strict=True):
        vector += (factor - np.float32(rho * float(np.vdot(turned, vector)))) * moved
    return -vector
