"""Weights that Keras published or saved, brought into the layout of torchvision and timm.

Known are VGG16 and VGG19 (Simonyan & Zisserman, arXiv:1409.1556) and DenseNet121, 169 and 201 (Huang et al.,
arXiv:1608.06993), which both libraries build alike. Keras' ResNets take their strides one layer earlier than those of
PyTorch, and its MobileNets and EfficientNets pad on other sides: their weights in a network of PyTorch would give
other answers without a word, so they are refused; `foveal adopt` takes such models as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.adopting.foreign import NORMALISATIONS
from foveal.adopting.h5_file import H5File
from foveal.adopting.keras_file import open_weights
from foveal.errors import FovealError
from foveal.training.networks.spec import Spec

Array = NDArray[np.float32]
Layers = Mapping[str, list[Array]]

_VGG_BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_DENSENETS = {"densenet121": (6, 12, 24, 16), "densenet169": (6, 12, 32, 32), "densenet201": (6, 12, 48, 32)}
_FC_SIDE = 7
_FC = 4096
# What the last layers are called in Keras' own network, and by number.
_LAST = (("fc1", "dense"), ("fc2", "dense_1"), ("predictions", "dense_2"))


def read(path: Path, spec: Spec) -> dict[str, Tensor]:
    """Read Keras weights for a network of torchvision or timm.

    VGG's were learnt on photos in BGR, 0 to 255, less ImageNet's mean. That is folded into the first convolution, so
    that the network takes photos as its spec says; only where the picture's edge is padded does the padding then stand
    for another grey, by half a level of 255. A file without the last layers ("notop") gives none of them, and
    the network is then built without.

    Args:
        path: A `.h5`, `.weights.h5` or `.keras` file, of weights or of a whole model, which may be nested in another.
        spec: The network.

    Returns:
        Tensors as `load_state_dict` takes them.

    Raises:
        FovealError: `weights-unreadable`, `weights-mismatch`, `needs-extra`.
    """
    if spec.architecture not in {*_VGG_BLOCKS, *_DENSENETS}:
        raise FovealError(
            "weights-mismatch",
            f"{path}: expected Keras weights of {', '.join([*_VGG_BLOCKS, *_DENSENETS])}, which Keras and PyTorch "
            f"build alike, got {spec.architecture} asked for",
            hint="adopt the whole Keras model as it is: `foveal adopt MODEL.keras`",
        )
    try:
        layers = _layers(open_weights(path))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise FovealError(
            "weights-unreadable",
            f"{path}: expected Keras weights in HDF5, got: {(str(error) or repr(error)).splitlines()[0][:200]}",
            hint="save them again with model.save_weights('NAME.weights.h5')",
        ) from error
    try:
        state = _vgg(layers, spec) if spec.architecture in _VGG_BLOCKS else _densenet(layers, spec)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise FovealError(
            "weights-mismatch",
            f"{path}: expected the layers of Keras' {spec.architecture}, got one that differs: {error}",
            hint="check that the file belongs to this network",
        ) from error
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in state.items()}


def _layers(file: H5File) -> dict[str, list[Array]]:
    """Arrays of each layer, in the order that Keras keeps them: kernel and bias; gamma, beta, mean, variance."""
    found: dict[str, list[Array]] = {}
    top = "/model_weights" if file.has("/model_weights") else ""
    for group in file.names(top or "/"):
        for weight in file.texts(f"{top}/{group}", "weight_names"):
            parts = weight.split("/")
            layer = parts[-2] if len(parts) > 1 else group
            found.setdefault(layer, []).append(file.array(f"{top}/{group}/{weight}"))
    if not found:
        for path in file.arrays():
            folder, _, number = path.rpartition("/vars/")
            if folder and number.isdigit():
                layer = file.text(f"{folder}/vars", "name") or folder.rpartition("/")[2]
                found.setdefault(layer, []).append(file.array(path))
    if not found:
        raise ValueError("no weights of layers")
    return found


def _vgg(layers: Layers, spec: Spec) -> dict[str, Array]:
    state: dict[str, Array] = {}
    index = number = 0
    for block, convolutions in enumerate(_VGG_BLOCKS[spec.architecture], start=1):
        for each in range(1, convolutions + 1):
            name = f"block{block}_conv{each}"
            kernel, bias = layers[name] if name in layers else layers[_counted("conv2d", number)]
            weight = kernel.transpose(3, 2, 0, 1)
            if not index:
                weight, bias = _for_rgb(weight, bias, spec)
            state |= {f"features.{index}.weight": weight, f"features.{index}.bias": bias}
            index += 2
            number += 1
        index += 1
    return state | _vgg_end(layers, spec)


def _vgg_end(layers: Layers, spec: Spec) -> dict[str, Array]:
    """The three last layers; the first of them sees the map place by place in Keras, channel by channel in PyTorch."""
    shapes = [(512 * _FC_SIDE**2, _FC), (_FC, _FC), (_FC, 1000)]
    found = [layers.get(name) or layers.get(other, []) for name, other in _LAST]
    timm = spec.library == "timm"
    names = (
        ("pre_logits.fc1", "pre_logits.fc2", "head.fc") if timm else ("classifier.0", "classifier.3", "classifier.6")
    )
    if [pair[0].shape for pair in found if pair] != shapes:
        return {}
    kernels, biases = zip(*found, strict=True)
    first = kernels[0].reshape(_FC_SIDE, _FC_SIDE, 512, _FC).transpose(3, 2, 0, 1)
    weights: list[Array] = [first if timm else first.reshape(_FC, -1), *(each.T for each in kernels[1:])]
    if timm:
        weights[1] = weights[1][:, :, None, None]
    state = {f"{name}.weight": weight for name, weight in zip(names, weights, strict=True)}
    return state | {f"{name}.bias": bias for name, bias in zip(names, biases, strict=True)}


def _for_rgb(weight: Array, bias: Array, spec: Spec) -> tuple[Array, Array]:
    """A first convolution for BGR less the mean, as one for RGB normalised as a spec says.

    With x the photo on 0..1, Keras' network gets 255·x − c and PyTorch's (x − m)/s, so 255·x − c = 255·s·y + 255·m − c.
    """
    caffe = np.array(NORMALISATIONS["caffe"].mean, np.float64) * 255
    mean, std = (np.array(each, np.float64) * 255 for each in (spec.preprocess.mean, spec.preprocess.std))
    rgb = weight[:, ::-1].astype(np.float64)
    shift = (rgb * (mean - caffe)[None, :, None, None]).sum(axis=(1, 2, 3))
    return (rgb * std[None, :, None, None]).astype(np.float32), (bias + shift).astype(np.float32)


def _densenet(layers: Layers, spec: Spec) -> dict[str, Array]:
    state: dict[str, Array] = {}

    def conv(name: str, *known: str) -> None:
        state[f"features.{name}.weight"] = _first(layers, known)[0].transpose(3, 2, 0, 1)

    def norm(name: str, *known: str) -> None:
        parts = zip(("weight", "bias", "running_mean", "running_var"), _first(layers, known), strict=True)
        state.update({f"features.{name}.{part}": values for part, values in parts})
        state[f"features.{name}.num_batches_tracked"] = np.array(0)

    conv("conv0", "conv1_conv", "conv1/conv", "conv")
    norm("norm0", "conv1_bn", "conv1/bn")
    blocks = _DENSENETS[spec.architecture]
    for block, count in enumerate(blocks, start=1):
        for each in range(1, count + 1):
            place, known = f"denseblock{block}.denselayer{each}", f"conv{block + 1}_block{each}"
            norm(f"{place}.norm1", f"{known}_0_bn")
            conv(f"{place}.conv1", f"{known}_1_conv")
            norm(f"{place}.norm2", f"{known}_1_bn")
            conv(f"{place}.conv2", f"{known}_2_conv")
        if block < len(blocks):
            norm(f"transition{block}.norm", f"pool{block + 1}_bn")
            conv(f"transition{block}.conv", f"pool{block + 1}_conv")
    norm("norm5", "bn")
    last = layers.get("predictions") or layers.get("fc1000")
    if not last:
        return state
    kernel, bias = last
    return state | {"classifier.weight": kernel.T, "classifier.bias": bias}


def _first(layers: Layers, known: tuple[str, ...]) -> list[Array]:
    for name in known:
        if name in layers:
            return layers[name]
    raise KeyError(f"no layer {known[0]}")


def _counted(kind: str, number: int) -> str:
    """As Keras 3 numbers layers of a class: conv2d, conv2d_1 and so on."""
    return re.sub(r"_0$", "", f"{kind}_{number}")
