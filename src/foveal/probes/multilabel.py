"""Binary logistic regression for every class at once, all folds and the final fit in one optimisation.

Minimises (1/n_p) Σ_i log(1 + exp(−s_ic·(A W_pc + b_pc))) + λ/2 ‖W_pc‖² with s = ±1 for every solution p and class c.
These are (K + 1)·C independent convex problems on the same principal axes, so, as in `logistic`, one L-BFGS solves
their sum with one large matrix product an iteration.
"""

from __future__ import annotations

import numpy as np

from foveal.heads.linear import Array
from foveal.probes.lbfgs import minimise
from foveal.probes.problem import Fitted, MultiLabelProblem, Path
from foveal.probes.workers import one_blas_thread, summed

# Multiples of r̃/n for λ, as in `logistic`.
STRENGTHS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
_BLOCK_LOGITS = 1_000_000  # of one thread at a time
# Mean p·(1 − p) of a fitted class, as a share of that of its frequency alone.
_CURVATURE = 0.4


def fit_path(problem: MultiLabelProblem, strengths: tuple[float, ...] = STRENGTHS) -> Path:
    """Fit at each strength, from the strongest penalty to the weakest, each started from the one before.

    Args:
        problem: What to learn.
        strengths: Multiples of r̃/n for λ, where r̃ is the total variance (the number of informative columns).

    Yields:
        The fit at each strength.
    """
    n, axes = problem.coordinates.shape
    often = np.clip(problem.targets.mean(axis=0), 1 / n, 1 - 1 / n)
    curvature = np.tile(_CURVATURE * often * (1 - often), problem.solutions).astype(np.float32)
    point = np.zeros((axes + 1, problem.solutions * problem.classes), np.float32)
    for strength in sorted(strengths, reverse=True):
        penalty = strength * float(problem.variances.sum()) / n
        slopes = 1 / (problem.variances[:, None] * curvature + penalty)
        with one_blas_thread():
            point = minimise(
                lambda at, penalty=penalty: _objective(problem, at, penalty),  # type: ignore[misc]
                point,
                scale=np.concatenate([slopes, 1 / curvature[None]]).astype(np.float32),
            )
        shaped = point.reshape(axes + 1, problem.solutions, problem.classes).transpose(1, 0, 2)
        yield Fitted("logistic", strength, np.ascontiguousarray(shaped[:, :-1]), shaped[:, -1].copy())


def _objective(problem: MultiLabelProblem, point: Array, penalty: float) -> tuple[float, Array]:
    """Sum of the objectives of all solutions, and its gradient, both at `point` float32 [r + 1, (K + 1)·C]."""
    share = problem.shares()
    loss, gradient = summed(
        lambda first, last: _misfit(problem, share, point, first, last), len(problem.targets), point.nbytes
    )
    weights = point[:-1]
    gradient[:-1] += penalty * weights
    return loss + 0.5 * penalty * float(np.vdot(weights, weights)), gradient


def _misfit(problem: MultiLabelProblem, share: Array, point: Array, first: int, last: int) -> tuple[float, Array]:
    """Weighted cross-entropy of the photos from `first` to before `last`, and its gradient."""
    weights, bias = point[:-1], point[-1]
    gradient = np.zeros_like(point)
    loss = 0.0
    rows = max(64, _BLOCK_LOGITS // len(bias))
    for start in range(first, last, rows):
        block = slice(start, min(start + rows, last))
        coordinates = problem.coordinates[block]
        logits = (coordinates @ weights + bias).reshape(-1, problem.solutions, problem.classes)
        true = problem.targets[block, None, :]
        # exp(−|x|) never overflows, and both the loss and the sigmoid follow from it.
        small = np.exp(-np.abs(logits))
        losses = np.maximum(logits, 0) - logits * true + np.log1p(small)
        loss += float(np.einsum("ij,ijk->", share[block], losses))
        slope = np.where(logits >= 0, 1, small) / (1 + small) - true
        slope *= share[block][:, :, None]
        flat = slope.reshape(len(slope), -1)
        gradient[:-1] += coordinates.T @ flat
        gradient[-1] += flat.sum(axis=0)
    return loss, gradient
