"""What every check looks at: computed once, handed to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.grouping.near_duplicates import Pairs
from foveal.heads.linear import Array
from foveal.probes.problem import Problem


@dataclass(frozen=True)
class Judged:
    """What cross-validation says of the photos that have a class and may be learnt from (train and val parts).

    Args:
        at: int [k], their positions in the `Evidence` arrays.
        labels: int32 [k], 0 … C − 1.
        class_names: Names of these C classes, each with at least two photos; a class with fewer is not among them.
        probs: float32 [k, C], out of fold, calibrated.
        logits: float32 [k, C], out of fold, not calibrated.
        folds: int8 [k]; photos that belong together share one.
        groups: int64 [k], photos that belong together share a number.
        problem: Coordinates on principal axes, labels and folds, for checks that learn something themselves.
        strength: The strength of the logistic probe that cross-validation chose.
    """

    at: NDArray[np.intp]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    probs: Array
    logits: Array
    folds: NDArray[np.int8]
    groups: NDArray[np.int64]
    problem: Problem
    strength: float


@dataclass(frozen=True)
class Evidence:
    """A dataset and what is known of its m readable photos.

    Args:
        dataset: The n photos.
        failures: Why each unreadable photo could not be read, by its index in the dataset.
        rows: int [m], the readable photos as indices into the dataset, ascending; all arrays below are parallel to it.
        keys: uint8 [m, 16], content keys: equal bytes, equal keys.
        pixels: `foveal.features.pixel_view.PIXELS` [m].
        embeddings: float16 [m, D], the network's last pooled output.
        pairs: Near-duplicates, as positions 0 … m − 1.
        judged: What cross-validation says; None where fewer than two classes have photos to learn from, and for
            photos with several labels.
    """

    dataset: Dataset
    failures: Mapping[int, str]
    rows: NDArray[np.intp]
    keys: NDArray[np.uint8]
    pixels: NDArray[np.void]
    embeddings: NDArray[np.float16]
    pairs: Pairs
    judged: Judged | None

    @property
    def labels(self) -> NDArray[np.int32]:
        """int32 [m], class in the dataset's `class_names`; -1 = unlabelled."""
        return self.dataset.labels[self.rows]

    @property
    def parts(self) -> NDArray[np.int8]:
        """int8 [m], index into `PART_NAMES`."""
        return self.dataset.parts[self.rows]
