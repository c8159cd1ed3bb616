"""Where Keras keeps the weights of each layer: two layouts, one question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.adopting.h5_file import H5File

Array = NDArray[np.float32]


class Weights(Protocol):
    """The weights of a model, or of one nested in it."""

    def of(self, layer: Mapping[str, Any], names: Sequence[str]) -> dict[str, Array]:
        """Arrays of a layer by the names of its variables, which Keras keeps in this order.

        Args:
            layer: Its configuration.
            names: What its variables are called; of those with "|" between, the file has one.
        """
        ...

    def inside(self, layer: Mapping[str, Any]) -> Weights:
        """The weights of a model that is a layer."""
        ...

    def begin(self, layers: Sequence[Mapping[str, Any]]) -> None:
        """Say which layers the model has, in order."""
        ...


class StoredWeights:
    """The layout of `.keras` and `.weights.h5` (Keras 3): layers/NAME/vars/NUMBER.

    NAME is the layer's class in snake case with a count, as in `conv2d_1`; what Keras calls it stands beside it.

    Args:
        file: The HDF5 file.
        root: Group of the model.
    """

    def __init__(self, file: H5File, root: str = "/") -> None:
        self._file = file
        self._root = root.rstrip("/")
        self._folders: dict[str, str] = {}

    def begin(self, layers: Sequence[Mapping[str, Any]]) -> None:
        """Find the group of each layer; see `Weights`."""
        base = next(
            (
                f"{self._root}/{name}"
                for name in ("layers", "_layer_checkpoint_dependencies")
                if self._file.has(f"{self._root}/{name}")
            ),
            self._root,
        )
        counts: dict[str, int] = {}
        called = {self._file.text(f"{base}/{name}/vars", "name"): name for name in self._file.names(base)}
        for layer in layers:
            kind, own = _snake(str(layer["class_name"])), _name(layer)
            number = counts[kind] = counts.get(kind, -1) + 1
            usual = f"{kind}_{number}" if number else kind
            self._folders[own] = f"{base}/{called.get(own) or (own if self._file.has(f'{base}/{own}') else usual)}"

    def of(self, layer: Mapping[str, Any], names: Sequence[str]) -> dict[str, Array]:
        """See `Weights`."""
        folder = f"{self._folders[_name(layer)]}/vars"
        found = sorted(self._file.names(folder), key=lambda each: (len(each), each))
        if len(found) < len(names):
            raise KeyError(f"{len(found)} arrays of layer {_name(layer)}, which has {len(names)}")
        return {name: self._file.array(f"{folder}/{each}") for name, each in zip(names, found, strict=False)}

    def inside(self, layer: Mapping[str, Any]) -> StoredWeights:
        """See `Weights`."""
        return StoredWeights(self._file, self._folders[_name(layer)])


class LegacyWeights:
    """The layout of `.h5`: model_weights/LAYER, whose attribute `weight_names` lists its arrays.

    Args:
        file: The HDF5 file.
        group: Group of the top-level layer that a nested model is; "" at the top.
        prefix: Names of the nested models inside that group, down to this one.
    """

    def __init__(self, file: H5File, group: str = "", prefix: tuple[str, ...] = ()) -> None:
        self._file = file
        self._group = group
        self._prefix = prefix

    def begin(self, layers: Sequence[Mapping[str, Any]]) -> None:
        """Nothing is to be found out; see `Weights`."""

    def of(self, layer: Mapping[str, Any], names: Sequence[str]) -> dict[str, Array]:
        """See `Weights`."""
        top = "/model_weights" if self._file.has("/model_weights") else ""
        own = _name(layer)
        group = f"{top}/{self._group or own}"
        listed = self._file.texts(group, "weight_names")
        if self._group:
            listed = [each for each in listed if own in each.split("/")[:-1]]
        last = [each.split("/")[-1].partition(":")[0] for each in listed]
        places = [next((at for at, each in enumerate(last) if each in name.split("|")), -1) for name in names]
        if -1 in places and len(listed) == len(names):
            places = list(range(len(names)))
        if -1 in places:
            raise KeyError(f"no {names[places.index(-1)]} of layer {own}")
        return {name: self._file.array(f"{group}/{listed[at]}") for name, at in zip(names, places, strict=True)}

    def inside(self, layer: Mapping[str, Any]) -> LegacyWeights:
        """See `Weights`."""
        own = _name(layer)
        return LegacyWeights(self._file, self._group or own, (*self._prefix, own))


def _name(layer: Mapping[str, Any]) -> str:
    return str(layer["config"]["name"])


def _snake(name: str) -> str:
    """As Keras writes class names: "Conv2D" is "conv2d", "BatchNormalization" "batch_normalization"."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
