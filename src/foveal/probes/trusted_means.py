"""Linear discriminant analysis that believes each photo as far as its label is to be trusted.

As `means`, with every photo weighted in the class means and in the covariance. A logistic head bends towards each
wrong label it is shown; a mean over a class hardly moves. So the two err on different photos, and together they tell
wrong labels from hard photos better than either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.probes.problem import Problem

# A covariance of more axes takes the cube of the time; 1,024 were no better at finding wrong labels.
_MOST_AXES = 512
_SHRINKAGE = np.float32(0.3)
# Photos whose label nothing supports still count a little, so that no class is left without a mean.
_LEAST_TRUST = 0.01
# Below this share of all photos' variance, the variance within classes is rounding noise.
_NOISE = 1e-3
# A class without a photo to learn from cannot be answered.
_NEVER = np.float32(-1e4)


@dataclass(frozen=True)
class _Sums:
    """Weighted sums over some photos: gram float32 [r, r], of each class float32 [C, r], weights float32 [C]."""

    gram: Array
    classes: Array
    weights: Array

    def without(self, other: _Sums) -> _Sums:
        return _Sums(self.gram - other.gram, self.classes - other.classes, self.weights - other.weights)


def trusted_means(problem: Problem, trust: Array) -> Array:
    """Logits float32 [n, C] of every photo from the photos of the other folds.

    Args:
        problem: What to learn; the first 512 axes are used.
        trust: float32 [n] in [0, 1], how likely each label is right.
    """
    coordinates = problem.coordinates[:, :_MOST_AXES]
    weights = np.maximum(trust, _LEAST_TRUST).astype(np.float32)
    held = [np.flatnonzero(problem.folds == fold) for fold in range(problem.fold_count)]
    parts = [_sums(coordinates[rows], problem.labels[rows], weights[rows], problem.classes) for rows in held]
    total = _Sums(
        np.sum([part.gram for part in parts], axis=0, dtype=np.float32),
        np.sum([part.classes for part in parts], axis=0, dtype=np.float32),
        np.sum([part.weights for part in parts], axis=0, dtype=np.float32),
    )
    least = _NOISE * max(float(problem.variances[:_MOST_AXES].mean()), float(np.finfo(np.float32).tiny))
    logits = np.empty((len(coordinates), problem.classes), np.float32)
    for rows, part in zip(held, parts, strict=True):
        learnt, bias = _solve(total.without(part), least)
        logits[rows] = coordinates[rows] @ learnt + bias
    return logits


def _sums(coordinates: Array, labels: NDArray[np.int32], weights: Array, classes: int) -> _Sums:
    weighted: Array = coordinates * weights[:, None]
    sums = np.zeros((classes, coordinates.shape[1]), np.float32)
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    if len(present):
        sums[present] = np.add.reduceat(weighted[order], starts, axis=0)
    counted = np.bincount(labels, weights=weights, minlength=classes)
    gram: Array = weighted.T @ coordinates
    return _Sums(gram, sums, np.asarray(counted, np.float32))


def _solve(sums: _Sums, least: float) -> tuple[Array, Array]:
    """Weights float32 [r, C] and bias float32 [C]."""
    known = sums.weights > _LEAST_TRUST / 2
    total = max(float(sums.weights.sum()), _LEAST_TRUST)
    priors = np.where(known, sums.weights, 0) / np.float32(total)
    means = np.where(known, 1 / np.maximum(sums.weights, _LEAST_TRUST / 2), 0)[:, None] * sums.classes
    within = sums.gram / np.float32(total) - (means.T * priors) @ means
    spread = max(float(np.trace(within)) / len(within), least)
    within *= 1 - _SHRINKAGE
    within[np.diag_indices_from(within)] += _SHRINKAGE * np.float32(spread)
    middle = priors @ means
    apart = (means - middle).astype(np.float32)
    learnt = np.linalg.solve(within, apart.T).astype(np.float32)
    bias = np.log(np.maximum(priors, 1e-12)) - 0.5 * np.einsum("cr,rc->c", apart, learnt) - middle @ learnt
    return learnt, np.where(known, bias, _NEVER).astype(np.float32)
