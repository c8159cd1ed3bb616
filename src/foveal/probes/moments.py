"""Sums over photos that the closed-form probes need, by fold, so that leaving a fold out is a subtraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.probes.problem import Problem


@dataclass(frozen=True)
class Moments:
    """Sums over the photos one solution learns from.

    Args:
        gram: float32 [r, r], Σ a·aᵀ.
        class_sums: float32 [C, r], Σ a over each class.
        counts: int [C], photos of each class.
    """

    gram: Array
    class_sums: Array
    counts: NDArray[np.int64]

    @property
    def mean(self) -> Array:
        """float32 [r], mean over all photos."""
        mean: Array = self.class_sums.sum(axis=0) / np.float32(self.counts.sum())
        return mean

    @property
    def priors(self) -> Array:
        """float32 [C], share of each class."""
        priors: Array = (self.counts / self.counts.sum()).astype(np.float32)
        return priors

    def without(self, other: Moments) -> Moments:
        """These sums less those of some of the photos."""
        return Moments(self.gram - other.gram, self.class_sums - other.class_sums, self.counts - other.counts)


def moments(problem: Problem) -> list[Moments]:
    """Moments of every solution of a problem: without each fold, and last of all photos."""
    parts = [_of(problem, problem.folds == fold) for fold in range(problem.fold_count)]
    total = Moments(
        np.sum([part.gram for part in parts], axis=0, dtype=np.float32),
        np.sum([part.class_sums for part in parts], axis=0, dtype=np.float32),
        np.sum([part.counts for part in parts], axis=0),
    )
    return [*(total.without(part) for part in parts), total]


def _of(problem: Problem, rows: NDArray[np.bool_]) -> Moments:
    coordinates, labels = problem.coordinates[rows], problem.labels[rows]
    class_sums = np.zeros((problem.classes, coordinates.shape[1]), np.float32)
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    if len(present):
        class_sums[present] = np.add.reduceat(coordinates[order], starts, axis=0)
    counts = np.bincount(labels, minlength=problem.classes)
    return Moments(coordinates.T @ coordinates, class_sums, counts)
