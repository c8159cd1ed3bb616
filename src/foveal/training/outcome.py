"""What a training comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from foveal.training.device import Device
from foveal.training.history import Row


@dataclass(frozen=True)
class Outcome:
    """What a training comes to.

    Args:
        recogniser: The network with the weights that are kept: the last, or their running average, unless the best on
            the held-out photos were asked for. In evaluation mode, where it was trained.
        held_logits: float32 [h, C], what it says of the held-out photos, in their order.
        history: One row an epoch; see `foveal.training.history.FIELDS`.
        seconds: Time it took, interruptions left out.
        notes: What a person should know.
        best: Index of the row with the highest accuracy on the held-out photos; None without any.
        kept: Index of the row whose weights these are; None without any.
        device: Where it was trained, and how exactly.
    """

    recogniser: nn.Module
    held_logits: NDArray[np.float32]
    history: Sequence[Row]
    seconds: float
    notes: Sequence[str]
    best: int | None
    kept: int | None
    device: Device
