"""The core's linear head as a module that can be trained: signed root, standardised, times a matrix."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from foveal.heads.linear import LinearHead

# The root's slope is unbounded at 0, where many pooled activations lie; the backward pass takes it as it is here.
_SMALLEST = 1e-2


class _SignedRoot(torch.autograd.Function):  # type: ignore[misc]  # torch is not looked into
    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        return torch.copysign(features.abs().sqrt(), features)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        bounded: Tensor = slope * 0.5 * features.abs().clamp(min=_SMALLEST).rsqrt()
        return bounded


class RootedLinear(torch.nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Logits as `foveal.heads.linear.LinearHead` gives them, exactly, with a gradient that stays bounded.

    Fine-tuning can so start where the probe ended; `to_head` is the way back.

    Args:
        head: Where to start.
    """

    def __init__(self, head: LinearHead) -> None:
        super().__init__()
        self.register_buffer("centre", torch.from_numpy(head.centre.copy()))
        self.register_buffer("scale", torch.from_numpy(head.scale.copy()))
        self.weights = torch.nn.Parameter(torch.from_numpy(head.weights.copy()))
        self.bias = torch.nn.Parameter(torch.from_numpy(head.bias.copy()))

    @property
    def in_features(self) -> int:
        """Columns D of the features."""
        return len(self.weights)

    @property
    def out_features(self) -> int:
        """Classes C."""
        return len(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Logits float32 [N, C] of features [N, D]."""
        logits: Tensor = (_SignedRoot.apply(features.float()) - self.centre) * self.scale @ self.weights + self.bias
        return logits

    def to_head(self) -> LinearHead:
        """What is served."""
        arrays = {name: getattr(self, name).detach().cpu().float().numpy() for name in ("centre", "scale")}
        learnt = {name: getattr(self, name).detach().cpu().float().numpy() for name in ("weights", "bias")}
        return LinearHead.from_arrays({**arrays, **learnt})
