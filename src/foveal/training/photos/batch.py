"""What one step of training looks at."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Some photos at the network's input size.

    Args:
        images: uint8 [B, H, W, 3], RGB. Batches of an `EvalFeed` may be handed out again: do not write into them.
        labels: int64 [B], class of each.
        rows: int64 [B], which photo of the feed each is.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor

    def __len__(self) -> int:
        return len(self.rows)
