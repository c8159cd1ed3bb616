"""What a probe learns from: coordinates, labels and folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array


class Folded:
    """What every problem has: photos, held out fold by fold, solved without each fold and once on everything."""

    coordinates: Array
    classes: int
    folds: NDArray[np.int8]
    fold_count: int

    @property
    def solutions(self) -> int:
        """K + 1: one for each fold held out, and last the one that learnt from every photo."""
        return self.fold_count + 1

    def learns(self, solution: int) -> NDArray[np.bool_]:
        """bool [n]: the photos that a solution learns from."""
        return self.folds != solution if solution < self.fold_count else np.ones(len(self.folds), np.bool_)

    def shares(self) -> Array:
        """float32 [n, K + 1]: the weight of each photo in each solution; every column sums to 1."""
        share = np.stack([self.learns(solution) for solution in range(self.solutions)], axis=1).astype(np.float32)
        share /= share.sum(axis=0)
        return share


@dataclass(frozen=True)
class Problem(Folded):
    """One classification problem: every photo shows one of C classes.

    Args:
        coordinates: float32 [n, r], centred.
        variances: float32 [r], mean square of each coordinate.
        labels: int [n], 0 … classes − 1.
        classes: Number of classes C.
        folds: int8 [n], the fold that each photo is held out in, 0 … K − 1.
    """

    coordinates: Array
    variances: Array
    labels: NDArray[np.int32]
    classes: int
    folds: NDArray[np.int8]
    fold_count: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fold_count", int(self.folds.max()) + 1)


@dataclass(frozen=True)
class MultiLabelProblem(Folded):
    """C yes-or-no problems about the same photos.

    Args:
        coordinates: float32 [n, r], centred.
        variances: float32 [r], mean square of each coordinate.
        targets: bool [n, C], whether each photo shows each class.
        folds: int8 [n], the fold that each photo is held out in, 0 … K − 1.
    """

    coordinates: Array
    variances: Array
    targets: NDArray[np.bool_]
    folds: NDArray[np.int8]
    classes: int = field(init=False)
    fold_count: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", self.targets.shape[1])
        object.__setattr__(self, "fold_count", int(self.folds.max()) + 1)


@dataclass(frozen=True)
class Fitted:
    """What a probe learnt at one strength.

    Args:
        probe: Name in `foveal.probes.PROBES`.
        strength: Its hyperparameter.
        weights: float32 [K + 1, r, C], the last on all photos.
        bias: float32 [K + 1, C].
    """

    probe: str
    strength: float
    weights: Array
    bias: Array

    def out_of_fold(self, problem: Folded) -> Array:
        """Logits float32 [n, C] of every photo from the solution that did not learn from it."""
        logits = np.empty((len(problem.folds), problem.classes), np.float32)
        for fold in range(problem.fold_count):
            rows = problem.folds == fold
            logits[rows] = problem.coordinates[rows] @ self.weights[fold] + self.bias[fold]
        return logits


Path = Iterator[Fitted]
