"""The affine head: features times a matrix, as a network trained together with its last layer has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

Array = NDArray[np.float32]


@dataclass(frozen=True)
class AffineHead:
    """Logits of each class from the features of a photo, with no step between.

    `LinearHead` takes the signed root and standardises first, which suits features that were not made for the task.
    Where the network itself was trained for it, its last layer is this.

    Args:
        weights: float32 [D, C].
        bias: float32 [C].
    """

    weights: Array
    bias: Array

    kind = "affine"

    def __post_init__(self) -> None:
        expected = {"weights": (len(self.weights), self.bias.size), "bias": (self.bias.size,)}
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32 or not np.isfinite(array).all():
                raise FovealError(
                    "bad-value",
                    f"head: expected {name} finite float32 {shape}, got {array.dtype} {array.shape}",
                    hint="the model file is damaged; make it again",
                )

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return len(self.bias)

    def logits(self, features: NDArray[np.floating]) -> Array:
        """float32 [n, C] for features [n, D]; a row is the same to the last bit whatever rows stand beside it."""
        # einsum for the reason given in `LinearHead.logits`.
        rows = features.astype(np.float32, copy=False)
        logits: Array = np.einsum("nd,dc->nc", rows, self.weights, optimize=False) + self.bias
        return logits

    def arrays(self) -> dict[str, Array]:
        """Everything the head is, by name; `from_arrays` takes it back."""
        return {"weights": self.weights, "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> AffineHead:
        """Rebuild the head; a missing array is a KeyError."""
        return cls(**{name: np.asarray(arrays[name], np.float32) for name in ("weights", "bias")})
