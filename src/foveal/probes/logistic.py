"""Multinomial logistic regression with an L2 penalty, all folds and the final fit in one optimisation.

Minimises (1/n_p) Σ_i CE(softmax(A W_p + b_p), y) + λ/2 ‖W_p‖² for every solution p at once: the sum over p is convex
and separable, so one L-BFGS (Nocedal & Wright, "Numerical Optimization", algorithm 7.4) over all of them needs one
large matrix product an iteration instead of K + 1 small ones. On principal axes the Hessian is close to
κ·diag(variances) + λ, which starts the quasi-Newton matrix and saves three of four iterations.
"""

from __future__ import annotations

import numpy as np

from foveal.heads.linear import Array
from foveal.probes.lbfgs import minimise
from foveal.probes.problem import Fitted, Path, Problem

# λ is a multiple of r̃/n (columns over photos), which keeps the useful range in place from ten photos to 100,000.
STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01)
_BLOCK_LOGITS = 4_000_000
_CURVATURE = 0.1  # typical p·(1 − p) of a fitted classifier


def fit_path(problem: Problem, strengths: tuple[float, ...] = STRENGTHS) -> Path:
    """Fit at each strength, from the strongest penalty to the weakest, each started from the one before.

    Args:
        problem: What to learn.
        strengths: Multiples of r̃/n for λ, where r̃ is the total variance (the number of informative columns).

    Yields:
        The fit at each strength.
    """
    n, axes = problem.coordinates.shape
    columns = problem.solutions * problem.classes
    point = np.zeros((axes + 1, columns), np.float32)
    for strength in sorted(strengths, reverse=True):
        penalty = strength * float(problem.variances.sum()) / n
        scale = np.append(1 / (_CURVATURE * problem.variances + penalty), np.float32(1 / _CURVATURE))
        point = minimise(
            lambda at, penalty=penalty: _objective(problem, at, penalty),  # type: ignore[misc]
            point,
            scale=scale[:, None].astype(np.float32),
        )
        shaped = point.reshape(axes + 1, problem.solutions, problem.classes).transpose(1, 0, 2)
        yield Fitted("logistic", strength, np.ascontiguousarray(shaped[:, :-1]), shaped[:, -1].copy())


def _objective(problem: Problem, point: Array, penalty: float) -> tuple[float, Array]:
    """Sum of the objectives of all solutions, and its gradient, both at `point` float32 [r + 1, (K + 1)·C]."""
    coordinates, labels = problem.coordinates, problem.labels
    solutions, classes = problem.solutions, problem.classes
    weights, bias = point[:-1], point[-1]
    gradient = np.concatenate([penalty * weights, np.zeros((1, len(bias)), np.float32)])
    loss = 0.5 * penalty * float(np.vdot(weights, weights))
    share = np.stack([problem.learns(p) for p in range(solutions)], axis=1).astype(np.float32)
    share /= share.sum(axis=0)
    rows = max(64, _BLOCK_LOGITS // len(bias))
    for start in range(0, len(labels), rows):
        block = slice(start, start + rows)
        logits = (coordinates[block] @ weights + bias).reshape(-1, solutions, classes)
        logits -= logits.max(axis=2, keepdims=True)
        index = np.arange(len(logits))
        right = logits[index, :, labels[block]]
        np.exp(logits, out=logits)
        total = logits.sum(axis=2)
        loss += float(np.vdot(share[block], np.log(total) - right))
        logits *= (share[block] / total)[:, :, None]
        logits[index, :, labels[block]] -= share[block]
        flat = logits.reshape(len(logits), -1)
        gradient[:-1] += coordinates[block].T @ flat
        gradient[-1] += flat.sum(axis=0)
    return loss, gradient
