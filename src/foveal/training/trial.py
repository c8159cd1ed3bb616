"""Training steps on drawn pictures, for measuring only: the network is afterwards as it was, random numbers too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from foveal.training.device import Device

_MOST_STEPS = 20


def images_per_s(
    module: nn.Module, device: Device, *, batch: int, size_wh: tuple[int, int], seconds: float, enough: float = 0.0
) -> float:
    """Photos that go forward and back in a second, by the fastest step: what else runs can only slow steps down.

    Args:
        module: Pictures uint8 [N, H, W, 3] to logits, on the device already; compiled or not.
        device: Where, and in which precision.
        batch: Photos a step.
        size_wh: Width and height of the pictures.
        seconds: Time for the steps after the first, which sets things up; at least one is run.
        enough: Give up after one step that does not reach half of this.
    """
    fastest = float("inf")
    with untouched(module):
        step = _Step(module, device, batch, size_wh)
        step()
        began = time.perf_counter()
        for _ in range(_MOST_STEPS):
            since = time.perf_counter()
            step()
            now = time.perf_counter()
            fastest = min(fastest, now - since)
            if now - began >= seconds or batch / fastest < enough / 2:
                break
    return batch / fastest


def fits(module: nn.Module, device: Device, *, batch: int, size_wh: tuple[int, int], share: float = 0.9) -> bool:
    """Whether a step of so many photos stays within a share of the GPU's memory."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device.torch_device)
    try:
        with untouched(module):
            _Step(module, device, batch, size_wh)()
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device.torch_device).total_memory
    return bool(torch.cuda.max_memory_reserved(device.torch_device) <= share * total)


def bytes_a_photo(module: nn.Module, device: Device, *, size_wh: tuple[int, int]) -> int:
    """Memory that a step keeps for each photo between the way forward and the way back."""
    # A storage is counted once, however many layers keep it.
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with untouched(module), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        _Step(module, device, 2, size_wh).forward()
    weights = {each.untyped_storage().data_ptr() for each in module.parameters()}
    return max(1, sum(size for place, size in kept.items() if place not in weights) // 2)


@contextmanager
def untouched(module: nn.Module) -> Iterator[None]:
    """Whatever runs inside leaves statistics, gradients, modes and random numbers as they were."""
    modes = [(each, each.training) for each in module.modules()]
    buffers = [(each, each.detach().clone()) for each in module.buffers()]
    gradients = [(each, each.grad) for each in module.parameters()]
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        try:
            for each, _ in gradients:
                each.grad = None
            module.train()
            yield
        finally:
            for each, mode in modes:
                each.training = mode
            with torch.no_grad():
                for each, value in buffers:
                    each.copy_(value)
            for each, gradient in gradients:
                each.grad = gradient


class _Step:
    """One step forward and back, without moving the weights."""

    def __init__(self, module: nn.Module, device: Device, batch: int, size_wh: tuple[int, int]) -> None:
        self._module, self._device = module, device
        numbers = torch.Generator().manual_seed(0)
        drawn = torch.randint(256, (batch, size_wh[1], size_wh[0], 3), dtype=torch.uint8, generator=numbers)
        self._images = drawn.to(device.torch_device)
        self._labels = torch.zeros(batch, dtype=torch.int64, device=device.torch_device)

    def forward(self) -> Any:
        with self._device.autocast():
            logits = self._module(self._images)
        return functional.cross_entropy(logits.float(), self._labels)

    def __call__(self) -> None:
        loss = self.forward()
        loss.backward()
        for each in self._module.parameters():
            each.grad = None
        # A GPU is told what to do and goes on alone; reading a number waits for it.
        loss.item()
