"""The head of a network that names its own classes: its features are the logits already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LogitsHead:
    """Hands the network's logits through.

    Args:
        classes: Number of classes C, which is also the number of features.
    """

    classes: int

    kind = "logits"

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """float32 [n, C] for features [n, C]."""
        return features.astype(np.float32)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything the head is, by name."""
        return {"classes": np.array(self.classes, np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> LogitsHead:
        """Rebuild the head; a missing array is a KeyError."""
        return cls(int(arrays["classes"]))
