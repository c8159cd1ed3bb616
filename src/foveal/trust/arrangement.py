"""The gate for photos that are torn up: their parts look like those learnt from, their arrangement does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.heads.linear import Array, compress

_ROWS = 8192


@dataclass(frozen=True)
class ArrangementGate:
    """A linear rule that tells whole photos from the same photos cut into tiles and shuffled.

    A network that pools over positions sees much the same in both, and so does a distance to what was learnt.

    Args:
        weights: float32 [D], of the compressed features.
        bias: float32 0-d, added.
        threshold: float32 0-d; scores above it are unknown.
    """

    weights: Array
    bias: Array
    threshold: Array

    def __post_init__(self) -> None:
        for name, axes in (("weights", 1), ("bias", 0), ("threshold", 0)):
            array = getattr(self, name)
            if array.ndim != axes or array.dtype != np.float32 or not np.isfinite(array).all():
                raise FovealError(
                    "bad-value",
                    f"arrangement: expected {name} finite float32 of {axes} axes, got {array.dtype} {array.shape}",
                    hint="the model file is damaged; fit it again",
                )

    def scores(self, features: NDArray[np.floating]) -> Array:
        """float32 [n] of features [n, D], higher = more like photos torn up; a row depends on its own photo only."""
        found = np.empty(len(features), np.float32)
        for start in range(0, len(features), _ROWS):
            rows = compress(features[start : start + _ROWS])
            # Not BLAS, which rounds a row differently depending on the number of rows: see heads/linear.py.
            found[start : start + _ROWS] = np.einsum("nd,d->n", rows, self.weights, optimize=False) + self.bias
        return found

    def unknown(self, features: NDArray[np.floating]) -> NDArray[np.bool_]:
        """bool [n]: the photos whose score is above the threshold, features [n, D]."""
        return self.scores(features) > self.threshold

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it is, by name; `from_arrays` takes it back."""
        return {"weights": self.weights, "bias": self.bias, "threshold": self.threshold}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild it; a missing array is a KeyError."""
        return cls(**{name: np.asarray(arrays[name], np.float32) for name in ("weights", "bias", "threshold")})
