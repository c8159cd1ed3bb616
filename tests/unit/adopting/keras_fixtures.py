"""Keras files written by hand, as Keras lays them out, and what the model in them ought to say, in plain numpy."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = 8
CLASSES = 3

Arrays = dict[str, list[tuple[str, NDArray[np.float32]]]]


def arrays(seed: int = 0) -> Arrays:
    """Variables of each layer, by name, in Keras' order."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    return {
        "stem": [("kernel", draw(3, 3, 3, 4)), ("bias", draw(4))],
        "norm": [
            ("gamma", draw(4) + 1),
            ("beta", draw(4)),
            ("moving_mean", draw(4)),
            ("moving_variance", np.abs(draw(4)) + 0.5),
        ],
        "depth": [("depthwise_kernel", draw(3, 3, 4, 2))],
        "scores": [("kernel", draw(128, CLASSES)), ("bias", draw(CLASSES))],
    }


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """A layer of a configuration."""
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, **config}}


def layers() -> list[dict[str, Any]]:
    """Convolution "same" with stride 2, batch norm, ReLU6, depthwise, flatten, dense with softmax."""
    return [
        layer("InputLayer", "photo", batch_shape=[None, SIZE, SIZE, 3]),
        layer("RandomFlip", "flip"),
        layer("Conv2D", "stem", strides=[2, 2], padding="same", use_bias=True, activation="linear", groups=1),
        layer("BatchNormalization", "norm", axis=[3], epsilon=0.001, scale=True, center=True),
        layer("ReLU", "relu", max_value=6.0),
        layer("DepthwiseConv2D", "depth", strides=[1, 1], padding="same", use_bias=False, activation="tanh"),
        layer("Dropout", "drop", rate=0.5),
        layer("Flatten", "flat"),
        layer("Dense", "scores", units=CLASSES, use_bias=True, activation="softmax"),
    ]


def sequential(inner: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The layers as a Sequential model."""
    return {"class_name": "Sequential", "config": {"name": "small", "layers": layers() if inner is None else inner}}


def functional(*, old: bool) -> dict[str, Any]:
    """The same layers as a functional model, in the words of Keras 2 or 3."""
    chain = layers()
    for before, after in itertools.pairwise(chain):
        history = [before["config"]["name"], 0, 0]
        tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": history}}
        after["inbound_nodes"] = [[[*history, {}]]] if old else [{"args": [tensor], "kwargs": {"training": False}}]
    chain[0]["inbound_nodes"] = []
    ends = [["photo", 0, 0]], [["scores", 0, 0]]
    given, wanted = ends if old else (ends[0][0], ends[1][0])
    # The order of the list says nothing; the references do.
    chain = [chain[0], *chain[:0:-1]] if old else chain
    config = {"name": "small", "layers": chain, "input_layers": given, "output_layers": wanted}
    return {"class_name": "Functional", "config": config}


def write_h5(path: Path, config: dict[str, Any] | None, found: Arrays, *, group: str = "", prefix: str = "") -> Path:
    """A legacy `.h5`; with `group` all weights stand in one group, as of a nested model."""
    import h5py

    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
            file.attrs["keras_version"] = "2.15.0"
        top = file.create_group("model_weights") if config is not None else file
        for name, variables in found.items():
            place = top.require_group(group or name)
            names = [f"{prefix}{name}/{each}:0" for each, _ in variables]
            for each, (_, values) in zip(names, variables, strict=True):
                place.create_dataset(each, data=values)
            listed = [*(place.attrs.get("weight_names", [])), *(each.encode() for each in names)]
            place.attrs["weight_names"] = np.array(listed, dtype="S100")
    return path


def write_keras(path: Path, config: dict[str, Any], found: Arrays, *, named: bool = True) -> Path:
    """A `.keras` file; without `named` the groups do not say what the layers are called, as of older versions."""
    import h5py

    buffer = io.BytesIO()
    kinds = {"stem": "conv2d", "norm": "batch_normalization", "depth": "depthwise_conv2d", "scores": "dense"}
    with h5py.File(buffer, "w") as file:
        for name, variables in found.items():
            place = file.create_group(f"layers/{kinds[name]}/vars")
            if named:
                place.attrs["name"] = name
            for number, (_, values) in enumerate(variables):
                place.create_dataset(str(number), data=values)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", buffer.getvalue())
    return path


def said(found: Arrays, photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities [C] of a photo [8, 8, 3], by numpy alone."""
    by_name = {name: dict(variables) for name, variables in found.items()}
    x = _convolve(photo, by_name["stem"]["kernel"], stride=2) + by_name["stem"]["bias"]
    norm = by_name["norm"]
    x = (x - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 0.001) * norm["gamma"] + norm["beta"]
    x = np.clip(x, 0, 6)
    kernel = by_name["depth"]["depthwise_kernel"]
    each = [_convolve(x[:, :, [k]], kernel[:, :, [k], :], stride=1) for k in range(x.shape[2])]
    x = np.tanh(np.concatenate(each, axis=2))
    z = x.ravel() @ by_name["scores"]["kernel"] + by_name["scores"]["bias"]
    e = np.exp(z - z.max())
    return np.asarray(e / e.sum(), np.float32)


def _convolve(x: NDArray[np.float32], kernel: NDArray[np.float32], *, stride: int) -> NDArray[np.float32]:
    """TensorFlow's "same": the odd zero goes after."""
    side = -(-len(x) // stride)
    total = max((side - 1) * stride + len(kernel) - len(x), 0)
    before = total // 2
    padded = np.pad(x, ((before, total - before), (before, total - before), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2], axis=(0, 1))[::stride, ::stride]
    return np.asarray(np.einsum("ijchw,hwco->ijo", windows, kernel), np.float32)
