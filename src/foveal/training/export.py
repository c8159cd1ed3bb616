"""Trained networks as ONNX files in the form every backbone has: they normalise photos themselves and name outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.training.graph_export import onnx_graph
from foveal.training.prove import check_outputs
from foveal.training.recogniser import Recogniser
from foveal.training.rooted import RootedLinear
from foveal.training.stand_ins import stand_in_photos

if TYPE_CHECKING:
    from foveal.training.networks.torch_network import TorchNetwork

_TRIED_ON = 2


@dataclass(frozen=True)
class Exported:
    """A network file.

    Args:
        content: A serialised ONNX model; input `images` uint8 [N, H, W, 3] in RGB, which it normalises itself.
        outputs: Name to columns of its outputs, each float32 [N, columns].
        max_difference: The most by which an output in ONNX Runtime differed from PyTorch's on drawn pictures, as a
            share of the largest number in that output.
    """

    content: bytes = field(repr=False)
    outputs: Mapping[str, int]
    max_difference: float


def export_network(network: TorchNetwork, *, classifier: bool = True) -> Exported:
    """Export a network as a backbone: its taps, its embedding and, where it has the layer, its ImageNet logits.

    Args:
        network: The network, with the preprocessing in its `spec`; it is left as it was.
        classifier: Whether the ImageNet layer is written too.

    Raises:
        FovealError: `cannot-export`, `export-differs`.
    """
    left_out = () if classifier else ("logits",)
    module = _Outputs(as_recogniser(network), left_out=left_out)
    return _export(module, network.spec.preprocess.size_wh, name=network.spec.name)


def export_recogniser(recogniser: Recogniser, size_wh: tuple[int, int]) -> tuple[Exported, AffineHead | LinearHead]:
    """Export a fine-tuned network without its last layer, and that layer as a head.

    Args:
        recogniser: The trained recogniser; it is left as it was.
        size_wh: Width and height of the photos it gets.

    Returns:
        The network, with the outputs that the recogniser sets side by side, or with `embedding` alone where something
        stands between them and the last layer; and the last layer, a `LinearHead` for a `RootedLinear`.

    Raises:
        FovealError: `cannot-export`, `export-differs`.
    """
    name = f"fine-tuned {recogniser.network.spec.name}"
    head = _head(recogniser.classifier, name)
    plain = type(recogniser.neck) is nn.Identity and not recogniser.uses_map
    module = _Outputs(recogniser, names=recogniser.outputs) if plain else _Embedding(recogniser)
    return _export(module, size_wh, name=name), head


def as_recogniser(network: TorchNetwork) -> Recogniser:
    """The network on pictures as they are: it normalises them, and gives its ImageNet logits or else its embedding."""
    return Recogniser(network, 0, classifier=network.imagenet_layer or nn.Identity())


class _Outputs(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Pictures to named outputs of the network.

    Args:
        recogniser: Normalises.
        names: Which outputs; all of them by default.
        left_out: All but these.
    """

    def __init__(self, recogniser: Recogniser, *, names: tuple[str, ...] = (), left_out: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.recogniser = recogniser
        self._names, self._left_out = names, left_out

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        found = self.recogniser.network.outputs(self.recogniser.normalise(images))
        names = self._names or [name for name in found if name not in self._left_out]
        return {name: found[name] for name in names}


class _Embedding(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Pictures to what the last layer gets."""

    def __init__(self, recogniser: Recogniser) -> None:
        super().__init__()
        self.recogniser = recogniser

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"embedding": self.recogniser.embed(images)}


def _export(module: nn.Module, size_wh: tuple[int, int], *, name: str) -> Exported:
    pictures = np.stack(stand_in_photos(size_wh, _TRIED_ON))
    model, expected = onnx_graph(module, torch.from_numpy(pictures), name=name)
    content = bytes(model.SerializeToString())
    difference = check_outputs(expected, content, pictures, name=name)
    return Exported(content, {key: value.shape[1] for key, value in expected.items()}, difference)


def _head(layer: nn.Module, name: str) -> AffineHead | LinearHead:
    if isinstance(layer, RootedLinear):
        return layer.to_head()
    if not isinstance(layer, nn.Linear):
        raise FovealError(
            "cannot-export",
            f"{name}: expected torch.nn.Linear or RootedLinear as its last layer, got {type(layer).__name__}",
            hint="put what stands before a linear layer into the recogniser's neck",
        )
    weights = layer.weight.detach().float().cpu().numpy().T
    bias = np.zeros(len(layer.weight)) if layer.bias is None else layer.bias.detach().float().cpu().numpy()
    return AffineHead(np.array(weights, np.float32, order="C"), np.array(bias, np.float32))
