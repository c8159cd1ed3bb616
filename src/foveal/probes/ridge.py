"""Ridge regression onto class indicators, in closed form (Hastie, Tibshirani & Friedman, section 4.2)."""

from __future__ import annotations

import numpy as np

from foveal.probes.moments import moments
from foveal.probes.problem import Fitted, Path, Problem

# Multiples of the mean variance of the axes, times their number over the number of photos (as for `logistic`).
STRENGTHS = (3.0, 1.0, 0.3, 0.1)

# Regression aims at 0 and 1; as logits that is far too timid for the temperature's range.
_LOGIT_SCALE = np.float32(10)


def fit_path(problem: Problem, strengths: tuple[float, ...] = STRENGTHS) -> Path:
    """Fit at each strength.

    Args:
        problem: What to learn.
        strengths: Penalties, in multiples of (total variance / n).

    Yields:
        The fit at each strength.
    """
    n, axes = problem.coordinates.shape
    known = []
    for each in moments(problem):
        count = float(each.counts.sum())
        mean = each.mean
        values, vectors = np.linalg.eigh(each.gram - count * np.outer(mean, mean))
        targets = each.class_sums.T - np.outer(mean, each.counts.astype(np.float32))
        known.append((count, mean, each.priors, np.maximum(values, 0), vectors, vectors.T @ targets))
    for strength in sorted(strengths, reverse=True):
        penalty = strength * float(problem.variances.sum()) / n
        weights = np.empty((problem.solutions, axes, problem.classes), np.float32)
        bias = np.empty((problem.solutions, problem.classes), np.float32)
        for solution, (count, mean, priors, values, vectors, targets) in enumerate(known):
            fitted = vectors @ (targets / (values + count * penalty)[:, None])
            weights[solution] = fitted * _LOGIT_SCALE
            bias[solution] = (priors - mean @ fitted) * _LOGIT_SCALE
        yield Fitted("ridge", strength, weights, bias)
