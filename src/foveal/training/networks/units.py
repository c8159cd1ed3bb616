"""The parts a network runs through, in the order it runs through them, found by running it once without numbers.

Libraries keep networks in different ways; what they share is that a photo passes a list of modules. Each module's place
in that list and the shape it gives are all that taps, the last map and the stages of a network need.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

_CONTAINERS = (nn.Sequential, nn.ModuleList)
# A module that holds this share of all weights is the network itself in another wrapper.
_WRAPPER = 0.9
# What these give is a map of their own size, whatever the photo's.
_POOLS = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


@dataclass(frozen=True)
class Unit:
    """One module that a photo passes.

    Args:
        name: In the network, with dots.
        shape: Of what it gave for one photo.
        stage_of: Name of the list of stages that it is in, "" for none.
    """

    name: str
    shape: tuple[int, ...]
    stage_of: str

    @property
    def is_map(self) -> bool:
        """Whether it gives a map, [N, C, h, w] or [N, h, w, C]."""
        return len(self.shape) == 4

    @property
    def is_tokens(self) -> bool:
        """Whether it gives tokens, [N, T, C]."""
        return len(self.shape) == 3

    @property
    def channels_last(self) -> bool:
        """Whether a map is [N, h, w, C]; where all three sizes are equal it is taken as [N, C, h, w]."""
        return self.is_map and self.shape[2] != self.shape[3] and self.shape[1] == self.shape[2]

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.shape[1] if self.is_map and not self.channels_last else self.shape[-1]

    @property
    def area_hw(self) -> tuple[int, int]:
        """Height and width of a map."""
        return (self.shape[1], self.shape[2]) if self.channels_last else (self.shape[2], self.shape[3])


def units_of(body: nn.Module, size_wh: tuple[int, int]) -> tuple[list[Unit], int]:
    """Run a network once on tensors that have a shape and nothing else.

    Args:
        body: Takes [N, 3, H, W] and gives [N, D].
        size_wh: Width and height of its input.

    Returns:
        The units that gave maps or tokens, each once, in the order in which they ran; and D.
    """
    shape_only = _without_numbers(body).eval()
    stages = dict(_named_units(shape_only, ""))
    seen: list[tuple[str, tuple[int, ...]]] = []
    for name in stages:
        shape_only.get_submodule(name).register_forward_hook(partial(_note, name=name, seen=seen))
    width, height = size_wh
    with torch.no_grad():
        given = shape_only(torch.empty(1, 3, height, width, device="meta"))
    names = [name for name, _ in seen]
    once = [Unit(name, shape, stages[name]) for name, shape in seen if names.count(name) == 1]
    # Some look at pieces of the photo as if they were photos; a photo's own row is what is wanted.
    whole = [unit for unit in once if unit.shape[0] == 1]
    found = [unit for unit in whole if (unit.is_map and min(unit.area_hw) > 1) or unit.is_tokens]
    return found, int(given.shape[-1])


def tensor_of(output: Any) -> Tensor | None:
    """What a module gave; of several things the first, which by custom is what goes on to the next module."""
    first = output[0] if isinstance(output, tuple | list) and output else output
    return first if isinstance(first, Tensor) else None


def _note(module: Any, _inputs: Any, output: Any, *, name: str, seen: list[tuple[str, tuple[int, ...]]]) -> None:
    given = tensor_of(output)
    if given is not None and not isinstance(module, _POOLS):
        seen.append((name, tuple(given.shape)))


def _without_numbers(body: nn.Module) -> nn.Module:
    """A copy whose parameters and buffers have a shape and no memory; what it notes while it runs is its own."""
    memo: dict[int, Any] = {id(each): nn.Parameter(each.to("meta")) for each in body.parameters()}
    memo |= {id(each): each.to("meta") for each in body.buffers()}
    return copy.deepcopy(body, memo)


def _named_units(body: nn.Module, prefix: str) -> Iterator[tuple[str, str]]:
    """Name of every unit, and the list of stages that it is in."""
    weights = _weights(body)
    for name, child in body.named_children():
        full = f"{prefix}{name}"
        if isinstance(child, _CONTAINERS):
            grandchildren = list(child.named_children())
            are_stages = len(grandchildren) > 1 and all(type(each) is nn.Sequential for _, each in grandchildren)
            for inner, grandchild in grandchildren:
                if isinstance(grandchild, nn.ModuleList):
                    # A list runs nothing by itself.
                    yield from ((f"{full}.{inner}.{each}", "") for each, _ in grandchild.named_children())
                else:
                    yield f"{full}.{inner}", full if are_stages else ""
        elif prefix.count(".") < 3 and _weights(child) > _WRAPPER * weights and any(True for _ in child.children()):
            yield from _named_units(child, f"{full}.")
        else:
            yield full, ""


def _weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
