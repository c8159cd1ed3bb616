"""Batch norms whose statistics are those of the batch of all processes together, on CPUs too."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from foveal.training.norms import batch_norms, replace


class _Normalised(torch.autograd.Function):  # type: ignore[misc]  # torch is not looked into
    """(x − mean) / √(variance + eps) over the batch of all processes, without scale and shift.

    Ioffe & Szegedy (arXiv:1502.03167), across processes as in MegDet (arXiv:1711.07240). PyTorch's own
    SyncBatchNorm does the same on GPUs and refuses CPUs.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        axes = [axis for axis in range(values.ndim) if axis != 1]
        count = values.numel() // values.shape[1]
        variance, mean = torch.var_mean(values, dim=axes, correction=0)
        told = torch.cat([mean, variance, mean.new_tensor([count])])
        parts = [torch.empty_like(told) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, told)
        table = torch.stack(parts).double()
        channels = values.shape[1]
        counts = table[:, -1:]
        total = counts.sum()
        means, variances = table[:, :channels], table[:, channels:-1]
        # Chan, Golub & LeVeque (1979): the differences of the means, not of sums of squares, which would cancel.
        overall = (counts * means).sum(dim=0) / total
        spread = (counts * (variances + (means - overall).square())).sum(dim=0) / total
        mean, variance = overall.to(mean.dtype), spread.to(mean.dtype)
        scale = torch.rsqrt(variance + eps)
        normalised = (values - _column(mean, values)) * _column(scale, values)
        # The total stays a tensor: reading a number off a GPU waits for it.
        ctx.save_for_backward(normalised, scale, total)
        ctx.mark_non_differentiable(mean, variance, total)
        return normalised, mean, variance, total

    @staticmethod
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor, None]:
        normalised, scale, total = ctx.saved_tensors
        axes = [axis for axis in range(slope.ndim) if axis != 1]
        sums = torch.stack([slope.sum(dim=axes), (slope * normalised).sum(dim=axes)])
        distributed.all_reduce(sums)
        even, along = sums / total.to(sums.dtype)
        moved = slope - _column(even, slope) - normalised * _column(along, slope)
        return moved * _column(scale, slope), None


class SyncNorm(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Stands in for a batch norm and shares its weights and statistics; the names in the state are the same.

    Args:
        norm: The layer it stands in for: torch's, or timm's with dropout and activation.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.eps, self.momentum = norm.eps, norm.momentum
        self.training = norm.training
        for name, parameter in norm.named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for name, buffer in norm.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        # A list hides the layer from the state and from `modules()`.
        self._original = [norm]
        for name, child in norm.named_children():
            self.add_module(name, child)

    def forward(self, maps: Tensor) -> Tensor:
        """Like the layer it stands in for; see there."""
        if not self.training:
            return self.original()(maps)
        # Short numbers are widened outside, so that gradients come back as short as they left.
        normalised, mean, variance, total = _Normalised.apply(_wide(maps), self.eps)
        self._follow(mean, variance, total)
        if self._parameters.get("weight") is not None:
            normalised = normalised * _column(self.weight, maps) + _column(self.bias, maps)
        normalised = normalised.to(maps.dtype)
        for child in self.children():
            normalised = child(normalised)
        return normalised

    def original(self) -> _BatchNorm:
        """The layer itself, with the weights and statistics as they are now."""
        (norm,) = self._original
        norm._parameters.update(self._parameters)
        norm._buffers.update(self._buffers)
        return norm.train(self.training)

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not looked into
    def _follow(self, mean: Tensor, variance: Tensor, total: Tensor) -> None:
        if self._buffers.get("running_mean") is None:
            return
        self.num_batches_tracked.add_(1)
        share = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_((variance * total / (total - 1).clamp(min=1)).to(self.running_var.dtype), share)


def sync_norms(module: nn.Module) -> int:
    """Put a `SyncNorm` in the place of every batch norm that is in training mode; frozen ones stay.

    Returns:
        How many there are now.
    """
    found = [(name, each) for name, each in batch_norms(module) if each.training]
    for name, norm in found:
        replace(module, name, SyncNorm(norm))
    return len(found)


def unsync_norms(module: nn.Module) -> None:
    """Put the batch norms back, with what they learnt."""
    for name, each in list(module.named_modules()):
        if isinstance(each, SyncNorm):
            replace(module, name, each.original())


def _wide(maps: Tensor) -> Tensor:
    """At least float32: sums over many pixels need the digits."""
    return maps.float() if maps.dtype in (torch.bfloat16, torch.float16) else maps


def _column(values: Tensor, like: Tensor) -> Tensor:
    return values.reshape(1, -1, *[1] * (like.ndim - 2))
