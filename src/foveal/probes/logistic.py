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
from foveal.probes.workers import one_blas_thread, summed

# λ is a multiple of r̃/n (columns over photos), which keeps the useful range in place from ten photos to 100,000.
STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01)
_BLOCK_LOGITS = 1_000_000  # of one thread at a time
_CURVATURE = 0.1  # typical p·(1 − p) of a fitted classifier


def fit_path(problem: Problem, strengths: tuple[float, ...] = STRENGTHS, *, start: Fitted | None = None) -> Path:
    """Fit at each strength, from the strongest penalty to the weakest, each started from the one before.

    Args:
        problem: What to learn.
        strengths: Multiples of r̃/n for λ, where r̃ is the total variance (the number of informative columns).
        start: A fit of nearly the same problem on the same axes, which halves the work; None = from nothing.

    Yields:
        The fit at each strength.
    """
    n, axes = problem.coordinates.shape
    point = np.zeros((axes + 1, problem.solutions * problem.classes), np.float32)
    if start is not None:
        point[:-1] = start.weights.transpose(1, 0, 2).reshape(axes, -1)
        point[-1] = start.bias.ravel()
    for strength in sorted(strengths, reverse=True):
        penalty = strength * float(problem.variances.sum()) / n
        scale = np.append(1 / (_CURVATURE * problem.variances + penalty), np.float32(1 / _CURVATURE))
        with one_blas_thread():
            point = minimise(
                lambda at, penalty=penalty: _objective(problem, at, penalty),  # type: ignore[misc]
                point,
                scale=scale[:, None].astype(np.float32),
            )
        shaped = point.reshape(axes + 1, problem.solutions, problem.classes).transpose(1, 0, 2)
        yield Fitted("logistic", strength, np.ascontiguousarray(shaped[:, :-1]), shaped[:, -1].copy())


def _objective(problem: Problem, point: Array, penalty: float) -> tuple[float, Array]:
    """Sum of the objectives of all solutions, and its gradient, both at `point` float32 [r + 1, solutions·C]."""
    share = problem.shares()
    loss, gradient = summed(
        lambda first, last: _misfit(problem, share, point, first, last), len(problem.labels), point.nbytes
    )
    weights = point[:-1]
    gradient[:-1] += penalty * weights
    return loss + 0.5 * penalty * float(np.vdot(weights, weights)), gradient


def _misfit(problem: Problem, share: Array, point: Array, first: int, last: int) -> tuple[float, Array]:
    """Weighted cross-entropy of the photos from `first` to before `last`, and its gradient."""
    solutions, classes = problem.solutions, problem.classes
    weights, bias = point[:-1], point[-1]
    gradient = np.zeros_like(point)
    loss = 0.0
    rows = max(64, _BLOCK_LOGITS // len(bias))
    for start in range(first, last, rows):
        block = slice(start, min(start + rows, last))
        coordinates, labels = problem.coordinates[block], problem.labels[block]
        logits = (coordinates @ weights + bias).reshape(-1, solutions, classes)
        logits -= logits.max(axis=2, keepdims=True)
        index = np.arange(len(logits))
        right = logits[index, :, labels]
        np.exp(logits, out=logits)
        total = logits.sum(axis=2)
        loss += float(np.vdot(share[block], np.log(total) - right))
        logits *= (share[block] / total)[:, :, None]
        logits[index, :, labels] -= share[block]
        flat = logits.reshape(len(logits), -1)
        gradient[:-1] += coordinates.T @ flat
        gradient[-1] += flat.sum(axis=0)
    return loss, gradient
