"""Weights that a timm or torchvision network was fine-tuned to elsewhere, as a classifier to adopt."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from torch import Tensor, nn
from torchvision import models

from foveal.adopting.foreign import Foreign, Guess, Wishes
from foveal.errors import FovealError
from foveal.training.graph_export import onnx_graph
from foveal.training.networks.catalogue import find_spec
from foveal.training.networks.spec import Spec
from foveal.training.networks.state_files import read_state
from foveal.training.stand_ins import stand_in_photos

# What training scripts whose own module holds the network put before the names of its weights.
_PREFIXES = ("model.", "module.", "network.", "net.", "backbone.")
_AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")
_USUAL = 1000


def read_weights(path: Path, network: str, wishes: Wishes) -> Foreign:
    """Build a network with the number of classes that its weights have, and write it as ONNX.

    Args:
        path: A `.pth`, `.pt` or `.safetensors` file; read as data, nothing in it is executed.
        network: Name of the network.
        wishes: What the user says of it.

    Raises:
        FovealError: `unknown-name`, `weights-unreadable`, `weights-mismatch`, `cannot-export`.
    """
    spec = find_spec(network)
    body, classes = _fitted(path, spec, read_state(path))
    published = "/".join(",".join(map(repr, each)) for each in (spec.preprocess.mean, spec.preprocess.std))
    guess = Guess(
        where=str(path),
        size_wh=spec.preprocess.size_wh,
        fixed=False,
        normalise=published,
        mode=spec.preprocess.mode,
        crop_share=spec.preprocess.crop_share,
        why=f"photos are prepared as {spec.name} was published; say otherwise if it was fine-tuned in another way",
    )
    preprocess, bgr, notes = wishes.preprocess(guess)
    pictures = torch.from_numpy(np.stack(stand_in_photos(preprocess.size_wh, 2)))
    photos = _OfPhotos(body, preprocess.mean, preprocess.std, bgr=bgr)
    model, _ = onnx_graph(photos.eval(), pictures, name=f"{path} as {spec.name}")
    return Foreign(
        where=str(path),
        library="timm" if spec.library == "foveal" else spec.library,
        architecture=spec.architecture,
        content=bytes(model.SerializeToString()),
        output="logits",
        layout="NHWC",
        preprocess=preprocess,
        notes=notes,
        facts={"network": spec.name, "classes": classes},
    )


class _OfPhotos(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """A network behind the normalisation of photos uint8 [N, H, W, 3]."""

    def __init__(self, body: nn.Module, mean: tuple[float, ...], std: tuple[float, ...], *, bgr: bool) -> None:
        super().__init__()
        self.body = body
        self.bgr = bgr
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1) * 255)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        values = (images.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return {"logits": self.body(values.flip(1) if self.bgr else values)}


def _fitted(path: Path, spec: Spec, given: Mapping[str, Tensor]) -> tuple[nn.Module, int]:
    """The network with these weights, and its number of classes."""
    plain = _make(spec, _USUAL)
    last = [name for name, value in plain.state_dict().items() if value.ndim and len(value) == _USUAL]
    state = _unwrapped(given, {*plain.state_dict()})
    counts = [len(state[name]) for name in last if name in state]
    if not counts:
        raise _mismatch(path, spec, f"weights of other layers, such as {next(iter(given), 'none')}")
    body = _make(spec, counts[-1])
    try:
        body.load_state_dict({name: value for name, value in state.items() if not name.startswith(_AUXILIARY)})
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:3]]
        raise _mismatch(path, spec, " ".join(lines)[:300]) from error
    return body, counts[-1]


def _make(spec: Spec, classes: int) -> nn.Module:
    if spec.library != "torchvision":
        name = f"tf_{spec.architecture}" if spec.library == "foveal" else spec.architecture
        return timm.create_model(name, num_classes=classes)
    given: dict[str, Any] = {}
    if spec.architecture in {"googlenet", "inception_v3"}:
        given = {"aux_logits": False, "transform_input": True, "init_weights": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return models.get_model(spec.architecture, weights=None, num_classes=classes, **given)


def _unwrapped(given: Mapping[str, Tensor], wanted: set[str]) -> dict[str, Tensor]:
    """The weights by the names that a network knows, whatever a training script put around them."""
    state = dict(given)
    while not wanted & {*state}:
        prefix = next((each for each in _PREFIXES if any(name.startswith(each) for name in state)), None)
        if prefix is None:
            break
        state = {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
    return state


def _mismatch(path: Path, spec: Spec, got: str) -> FovealError:
    return FovealError(
        "weights-mismatch",
        f"{path}: expected the weights of {spec.name}, got {got}",
        hint="name the network they were trained in: `foveal models --search` lists them",
    )
