"""Read Ultralytics' classification checkpoints, `.pt`, as data: no class of the file is imported, no pickle is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.adopting.checkpoint_data import read_records
from foveal.adopting.foreign import Foreign, Guess, Wishes, naming, unreadable
from foveal.adopting.modules import Module
from foveal.adopting.onnx_file import spdx_of
from foveal.adopting.yolo_graph import YoloGraph
from foveal.backbones.pickle_data import Record
from foveal.errors import FovealError

_OPSET = 14
_IR_VERSION = 8
_USUAL_SIZE = 224
_EXPORT = "export it with Ultralytics itself, `yolo export model=NAME.pt format=onnx`, and adopt that"
_MISFITS = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError)


def read_checkpoint(path: Path, wishes: Wishes) -> Foreign:
    """Read a checkpoint.

    Args:
        path: The file, as training with Ultralytics leaves it.
        wishes: What the user says of it.

    Raises:
        FovealError: `classifier-unreadable`; `not-a-classifier`: of another task; `layer-unknown`.
    """
    try:
        content = read_records(path)
        network = _network(path, content)
        names, size = _names(network), _size(content, network)
        preprocess, bgr, notes = wishes.preprocess(
            Guess(where=str(path), size_wh=(size, size), fixed=False, normalise="unit", mode="crop")
        )
        with naming(path):
            network_file, output = _write(network, preprocess.size_wh)
    except _MISFITS as error:
        raise unreadable(path, "a classifier that Ultralytics wrote", error, hint=_EXPORT) from error
    return Foreign(
        where=str(path),
        library="Ultralytics",
        architecture=path.stem,
        content=network_file,
        output=output,
        bgr=bgr,
        preprocess=preprocess,
        class_names=names,
        licence=spdx_of(str(content.get("license", ""))),
        notes=notes,
        facts={key: str(content[key]) for key in ("version", "date") if key in content},
    )


def _network(path: Path, content: Any) -> Module:
    """The network of a checkpoint; the averaged one where the file has both, as its own tools choose."""
    if not isinstance(content, dict):
        raise ValueError(f"{type(content).__name__}, no checkpoint")
    found = content.get("ema") or content.get("model")
    if not isinstance(found, Record):
        raise FovealError(
            "bad-option",
            f"{path}: expected --network NAME beside a file of bare weights, got none",
            hint="name the network they belong to, as in --network resnet18; `foveal models --search` lists them",
        )
    network = Module.of(found, "model")
    layers = network.child("model")
    if layers.inside()[-1].kind != "Classify":
        raise FovealError(
            "not-a-classifier",
            f"{path}: expected a network that ends in Classify, got {layers.inside()[-1].kind}",
            hint="choose a model whose name ends in -cls",
        )
    return network


def _names(network: Module) -> tuple[str, ...]:
    given = network.state.get("names", {})
    if isinstance(given, Mapping):
        given = [given[number] for number in range(len(given))]
    return tuple(str(name) for name in given)


def _size(content: Mapping[str, Any], network: Module) -> int:
    """The side of the photos it was trained on."""
    given = content.get("train_args") or network.state.get("args")
    size = given.get("imgsz", _USUAL_SIZE) if isinstance(given, Mapping) else _USUAL_SIZE
    return int(size if isinstance(size, int) else size[0])


def _write(network: Module, size_wh: tuple[int, int]) -> tuple[bytes, str]:
    from onnx import TensorProto, helper

    graph = YoloGraph()
    classes = len(network.child("model").inside()[-1].child("linear").tensor("weight"))
    output = graph.write(network.child("model"), "photo")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "yolo",
            [helper.make_tensor_value_info("photo", TensorProto.FLOAT, ["N", 3, size_wh[1], size_wh[0]])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", classes])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    model.producer_name = "foveal"
    return bytes(model.SerializeToString()), output
