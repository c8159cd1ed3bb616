"""A classifier in PyTorch: from the networks' inputs to its logits, with gradients all the way."""

from __future__ import annotations

import functools
from typing import Any

import onnx
import torch
from torch import Tensor

from foveal.backbones.inner_values import with_maps
from foveal.backbones.layers import read_layers
from foveal.classifier.classifier import Classifier
from foveal.features.view import View
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.training.from_onnx import OnnxModule

# The signed root has no slope at 0, where many pooled activations lie; below this it goes on as a straight line.
_STRAIGHT = 1e-4

# Layers with weights behind the last map: three in AlexNet and VGG. A transformer has dozens behind its first, which
# is no map of what it sees in the end.
_MOST_BEHIND = 3


class TorchClassifier(torch.nn.Module):  # type: ignore[misc]  # torch is not looked into
    """The logits of a classifier.

    Args:
        model: The classifier.

    Raises:
        FovealError: `operator-unknown`.
    """

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self._views = model.views
        self.networks = torch.nn.ModuleList([_module(view) for view in model.views])
        self._rooted = isinstance(model.head, LinearHead)
        self._weighted = isinstance(model.head, LinearHead | AffineHead)
        if isinstance(model.head, LinearHead | AffineHead):
            for name, array in model.head.arrays().items():
                self.register_buffer(name, torch.from_numpy(array.copy()))
        self.eval()

    def forward(self, *images: Tensor) -> Tensor:
        """Logits float32 [N, C], before the temperature.

        Args:
            images: For each view float32 [N, h, w, 3] in 0..255, what `View.prepare` gives.
        """
        rows = [torch.cat(network(image), dim=1) for network, image in zip(self.networks, images, strict=True)]
        features = self._side_by_side(rows)
        if not self._weighted:
            return features
        if self._rooted:
            features = (signed_root(features) - self.centre) * self.scale
        logits: Tensor = features @ self.weights + self.bias
        return logits

    def layer(self, view: int) -> Any:
        """Where the last map of a view's network passes by."""
        return self.networks[view].watch

    def _side_by_side(self, rows: list[Tensor]) -> Tensor:
        """See `foveal.features.view.side_by_side`."""
        if len(rows) == 1:
            return rows[0]
        parts = []
        for view, row in zip(self._views, rows, strict=True):
            if view.mirrored:
                continue
            pair = self._views.index(view.mirror()) if view.mirror() in self._views else None
            parts.append(row if pair is None else (row + rows[pair]) / 2)
        return torch.cat(parts, dim=1)


def signed_root(x: Tensor) -> Tensor:
    """sign(x)·√|x|, with a bounded slope around 0."""
    size = x.abs()
    return torch.where(size < _STRAIGHT, x / _STRAIGHT**0.5, x.sign() * size.clamp(min=_STRAIGHT).sqrt())


@functools.lru_cache(maxsize=4)
def _module(view: View) -> OnnxModule:
    # Kept for the next photo: reading the network takes longer than running it.
    last = last_map(view)
    watched, turned = ("", ()) if last is None else last
    return OnnxModule(view.network.content, view.outputs, watched=watched, turned=turned)


def last_map(view: View) -> tuple[str, tuple[int, ...]] | None:
    """The last map of a network: its name, and how its axes turn to [N, C, h, w]; or None.

    That is the one whose mean over the area is the embedding; or else, as in AlexNet and VGG, the last one before a few
    layers that look at the whole photo.
    """
    mapped = with_maps(view.network, view.outputs)
    name = mapped.maps.get("embedding")
    if name is None:
        before = _map_before_the_end(view)
        if before is not None or not mapped.maps:
            return before
        name = list(mapped.maps.values())[-1]
    node = next(each for each in onnx.load_from_string(mapped.content).graph.node if name in each.output)
    perm = next((tuple(each.ints) for each in node.attribute if each.name == "perm"), ())
    return node.input[0], perm


def _map_before_the_end(view: View) -> tuple[str, tuple[int, ...]] | None:
    layers = read_layers(view.network.content, name=view.backbone, outputs=view.outputs).layers
    maps = [at for at, layer in enumerate(layers) if layer.size_hw is not None and max(layer.size_hw) > 1]
    first = next((at for at, layer in enumerate(layers) if layer.convolves), len(layers))
    if not maps or maps[-1] < first or sum(layer.macs > 0 for layer in layers[maps[-1] + 1 :]) > _MOST_BEHIND:
        return None
    last = layers[maps[-1]]
    if last.output_shape[1:] == last.size_hw:
        return last.output, ()
    return (last.output, (0, 3, 1, 2)) if last.output_shape[:2] == last.size_hw else None
