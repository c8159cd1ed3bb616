"""The head for any number of labels a photo: a linear head, and from which probability on each class is said yes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.heads.linear import Array, LinearHead


@dataclass(frozen=True)
class SigmoidHead(LinearHead):
    """Logits of each class for itself, from the features of a photo.

    Args:
        centre: As in `LinearHead`.
        scale: As in `LinearHead`.
        weights: As in `LinearHead`.
        bias: As in `LinearHead`.
        thresholds: float32 [C] in 0..1; a photo is said to show the classes whose probability is at least this.
    """

    thresholds: Array

    kind = "sigmoid"

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.thresholds
        if given.shape != self.bias.shape or given.dtype != np.float32 or not ((given >= 0) & (given <= 1)).all():
            raise FovealError(
                "bad-value",
                f"head: expected thresholds float32 {self.bias.shape} in 0..1, got {given.dtype} {given.shape}",
                hint="the model file is damaged; fit it again",
            )

    def arrays(self) -> dict[str, Array]:
        """Everything the head is, by name; `from_arrays` takes it back."""
        return {**super().arrays(), "thresholds": self.thresholds}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SigmoidHead:
        """Rebuild the head; a missing array is a KeyError."""
        linear = LinearHead.from_arrays(arrays)
        return cls(**linear.arrays(), thresholds=np.asarray(arrays["thresholds"], np.float32))
