"""Photos of a batch mixed with each other, and their labels with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foveal.errors import FovealError


@dataclass(frozen=True, kw_only=True)
class Mixing:
    """Mixup, CutMix and label smoothing; with all three at 0 it only makes targets of labels.

    With both mixup and CutMix, each batch gets one of them, by the toss of a coin. Each photo is mixed with the one
    before it in the batch.

    Args:
        mixup: Both parameters of the Beta distribution that the share of the first photo is drawn from; 0 leaves it
            out (Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018, arXiv:1710.09412).
        cutmix: The same for the area that is not replaced by a rectangle of the second photo (Yun et al., "CutMix",
            ICCV 2019, arXiv:1905.04899).
        smoothing: Share of every target that is spread over all classes (Szegedy et al., "Rethinking the Inception
            architecture", CVPR 2016, arXiv:1512.00567).
        classes: How many classes there are.

    Raises:
        FovealError: `bad-option`.
    """

    mixup: float = 0.0
    cutmix: float = 0.0
    smoothing: float = 0.0
    classes: int

    def __post_init__(self) -> None:
        for name, holds, expected in (
            ("mixup", 0 <= self.mixup < math.inf, "a number from 0"),
            ("cutmix", 0 <= self.cutmix < math.inf, "a number from 0"),
            ("smoothing", 0 <= self.smoothing < 1, "a share from 0 and below 1"),
            ("classes", self.classes >= 1, "a number from 1"),
        ):
            if not holds:
                raise FovealError(
                    "bad-option",
                    f"Mixing {name}: expected {expected}, got {getattr(self, name)!r}",
                    hint="see Mixing for what each means",
                )

    def __call__(self, images: Tensor, labels: Tensor, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A batch, mixed.

        Args:
            images: uint8 [B, H, W, 3], on any device; not changed.
            labels: int64 [B].
            generator: Decides what is left to chance; mixing takes from it only where something is mixed.

        Returns:
            Images [B, H, W, 3] in 0..255, uint8 or, after mixup, float32; targets float32 [B, C], each row sums to 1.
        """
        targets = self.targets(labels)
        if len(images) < 2 or not (self.mixup or self.cutmix):
            return images, targets
        cut = bool(self.cutmix) and (not self.mixup or generator.random() < 0.5)
        share = float(generator.beta(*(2 * (self.cutmix if cut else self.mixup,))))
        if cut:
            images, share = _cut(images, share, generator)
        else:
            mixed = images.float()
            images = torch.lerp(mixed.roll(1, 0), mixed, share)
        return images, torch.lerp(targets.roll(1, 0), targets, share)

    def targets(self, labels: Tensor) -> Tensor:
        """Smoothed targets float32 [B, C] of labels int64 [B]."""
        off = self.smoothing / self.classes
        filled = torch.full((len(labels), self.classes), off, dtype=torch.float32, device=labels.device)
        return filled.scatter_(1, labels[:, None], 1 - self.smoothing + off)


def _cut(images: Tensor, share: float, generator: np.random.Generator) -> tuple[Tensor, float]:
    """A rectangle of the photo before it pasted into each; and the share of the area that is left."""
    height, width = images.shape[1:3]
    side = math.sqrt(1 - share)
    x, y = generator.random() * width, generator.random() * height
    left, right = (round(min(max(x + half * side * width / 2, 0), width)) for half in (-1, 1))
    top, bottom = (round(min(max(y + half * side * height / 2, 0), height)) for half in (-1, 1))
    mixed = images.clone()
    mixed[:, top:bottom, left:right] = images.roll(1, 0)[:, top:bottom, left:right]
    return mixed, 1 - (right - left) * (bottom - top) / (height * width)
