"""What a network is made of: its layers with their arithmetic, and the stages they form."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CONVOLUTIONS = ("conv", "depthwise conv", "grouped conv", "transposed conv")


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a convolution or pooling slides over its input; every tuple has one number for each spatial axis.

    Args:
        kernel: Kernel size k.
        stride: Step s in positions of the input.
        dilation: Distance d between neighbouring elements of the kernel.
        before: Padding p before the first position: top, left.
        after: Padding p after the last position: bottom, right.
        ceil_mode: Whether a last window that is not full counts, as some poolings have it.
        transposed: Whether input and output have changed places, as in a transposed convolution.
        output_padding: Positions added at the end of a transposed convolution's output.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    ceil_mode: bool = False
    transposed: bool = False
    output_padding: tuple[int, ...] = ()

    @property
    def reach(self) -> tuple[int, ...]:
        """Positions from the first to the last element of the kernel: d·(k − 1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def padding(self) -> tuple[int, ...]:
        """p before and after together, for each axis."""
        return tuple(before + after for before, after in zip(self.before, self.after, strict=True))

    def output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Positions of the output: ⌊(h − k + p) / s⌋ + 1, where p is the padding on both sides and k counts its gaps.

        Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285. A transposed
        convolution turns it round: s·(h − 1) + k − p.

        Args:
            size: Positions h of the input along each axis.
        """
        return tuple(self._along(axis, length) for axis, length in enumerate(size))

    def _along(self, axis: int, length: int) -> int:
        reach, stride, padding = self.reach[axis], self.stride[axis], self.padding[axis]
        if self.transposed:
            extra = self.output_padding[axis] if self.output_padding else 0
            return stride * (length - 1) + reach - padding + extra
        room = length + padding - reach
        if not self.ceil_mode:
            return room // stride + 1
        windows = math.ceil(room / stride) + 1
        # A window that would begin in the padding at the end is left out.
        return windows - 1 if (windows - 1) * stride >= length + self.before[axis] else windows

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "kernel": list(self.kernel),
            "stride": list(self.stride),
            "padding_before": list(self.before),
            "padding_after": list(self.after),
            "dilation": list(self.dilation),
            "ceil_mode": self.ceil_mode,
        }


@dataclass(frozen=True, kw_only=True)
class Field:
    """Which pixels of the photo a position of a layer's output can see (Araujo et al., Distill 2019).

    The position i sees the pixels from `start + i·jump` on, `size` of them, as far as they lie in the photo. Every
    tuple has one number for each spatial axis.

    Args:
        size: Pixels seen, the padding around the photo counted; with several ways through the network, by all together.
        jump: Pixels between what two neighbouring positions see.
        start: First pixel seen by the first position; negative where it sees padding.
        gated: Whether, besides, a summary of the whole map scales its channels, as in squeeze-and-excitation. Such a
            summary sees the whole photo but no place in it, and the other fields leave it out.
    """

    size: tuple[int, ...]
    jump: tuple[float, ...]
    start: tuple[float, ...]
    gated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "size": list(self.size),
            "jump": list(self.jump),
            "start": list(self.start),
            "gated": self.gated,
        }


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: a node of the network's graph.

    Args:
        name: As the network file names it.
        op: The ONNX operator.
        kind: In plain words: "conv", "depthwise conv", "max pool", "linear", …
        stage: The stage it belongs to.
        output: Name of the value it computes.
        input_shape: Shape of its first input without the batch axis.
        output_shape: Shape of its output without the batch axis.
        channels: Channels of the output; None where it has no such axis.
        size_hw: Height and width of the output; None where it is no map.
        window: How it slides over its input, for convolutions and poolings.
        groups: Groups of channels that a convolution keeps apart; 1 otherwise.
        field: What a position of the output can see of the photo; None where that is not known.
        parameters: Learnt numbers, each counted where it is first used.
        macs: Multiply-adds for one photo, of convolutions and matrix products.
        activation_bytes: Bytes of the output for one photo.
    """

    name: str
    op: str
    kind: str
    stage: str
    output: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    channels: int | None
    size_hw: tuple[int, ...] | None
    window: Window | None
    groups: int
    field: Field | None
    parameters: int
    macs: int
    activation_bytes: int

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution of any kind."""
        return self.kind in CONVOLUTIONS

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "name": self.name,
            "op": self.op,
            "kind": self.kind,
            "stage": self.stage,
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
            "channels": self.channels,
            "size_hw": None if self.size_hw is None else list(self.size_hw),
            "window": None if self.window is None else self.window.to_dict(),
            "groups": self.groups,
            "receptive_field": None if self.field is None else self.field.to_dict(),
            "parameters": self.parameters,
            "macs": self.macs,
            "activation_bytes": self.activation_bytes,
        }


class _Counted:
    """What the layers of a part of a network come to together."""

    layers: tuple[Layer, ...]

    @property
    def convolutions(self) -> int:
        """How many convolutions there are."""
        return sum(layer.convolves for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Learnt numbers in the network file."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-adds for one photo."""
        return sum(layer.macs for layer in self.layers)


@dataclass(frozen=True, kw_only=True)
class Stage(_Counted):
    """Layers that belong together: up to one of the network's pooled outputs, or of one size of map.

    Args:
        name: Of the output that ends it, or the size of its maps.
        layers: In the order of the graph.
    """

    name: str
    layers: tuple[Layer, ...]

    @property
    def last_map(self) -> Layer | None:
        """Its last layer whose output is a map of more than one position; None where it has none."""
        maps = (layer for layer in reversed(self.layers) if layer.size_hw and max(layer.size_hw) > 1)
        return next(maps, None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form, without its layers."""
        last = self.last_map
        return {
            "name": self.name,
            "layers": len(self.layers),
            "convolutions": self.convolutions,
            "channels": None if last is None else last.channels,
            "size_hw": None if last is None or last.size_hw is None else list(last.size_hw),
            "receptive_field": None if last is None or last.field is None else last.field.to_dict(),
            "parameters": self.parameters,
            "macs": self.macs,
        }


@dataclass(frozen=True, kw_only=True)
class LayerTable(_Counted):
    """Every layer of one network, in the order in which they are computed.

    Args:
        name: Of the network.
        size_hw: Height and width of its input.
        layers: Its layers; those that prepare the photo make up the stage "input".
        peak_activation_bytes: The most bytes of values needed at one time for one photo, computed in this order.
        file_bytes: Size of the network file.
    """

    name: str
    size_hw: tuple[int, int]
    layers: tuple[Layer, ...]
    peak_activation_bytes: int
    file_bytes: int

    @property
    def activation_bytes(self) -> int:
        """Bytes of every layer's output for one photo together."""
        return sum(layer.activation_bytes for layer in self.layers)

    def stages(self) -> tuple[Stage, ...]:
        """The layers by stage, in order."""
        return tuple(self._stages())

    def _stages(self) -> Iterator[Stage]:
        for name in dict.fromkeys(layer.stage for layer in self.layers):
            yield Stage(name=name, layers=tuple(layer for layer in self.layers if layer.stage == name))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "name": self.name,
            "size_hw": list(self.size_hw),
            "parameters": self.parameters,
            "macs": self.macs,
            "convolutions": self.convolutions,
            "activation_bytes": self.activation_bytes,
            "peak_activation_bytes": self.peak_activation_bytes,
            "file_bytes": self.file_bytes,
            "stages": [stage.to_dict() for stage in self.stages()],
            "layers": [layer.to_dict() for layer in self.layers],
        }
