"""Wrap an ONNX network of any origin so that it takes uint8 photos and names its outputs as foveal does."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from foveal.backbones.card import Card
from foveal.errors import FovealError


def wrap(network: Path, card: Card) -> bytes:
    """Put normalisation before a network and foveal's output names behind it.

    Args:
        network: An ONNX file with one float32 input, [N, 3, H, W] or [N, H, W, 3] as `[onnx] layout` says.
        card: Gives the preprocessing and, under `[onnx]`, which output of the network is which of `[outputs]`.
            An output [N, C, h, w] is averaged over its area.

    Returns:
        A serialised ONNX model with the input `images` uint8 [N, H, W, 3] and the outputs of the card.

    Raises:
        FovealError: `network-unreadable`, `network-mismatch`, `bad-card`.
    """
    import onnx
    from onnx import compose

    names, layout = _mapping(card)
    try:
        model = onnx.load(str(network))
        onnx.checker.check_model(model)
    except Exception as error:  # onnx raises its own, protobuf's and OSError
        raise FovealError(
            "network-unreadable",
            f"{network}: expected an ONNX network, got: {_first_line(error)}",
            hint="export it again; its weights must be inside the one file",
        ) from error
    inputs = _true_inputs(model)
    if len(inputs) != 1:
        raise _mismatch(network, "one input", f"{len(inputs)}")
    _check_input(network, model.graph.input[0], card, layout)
    missing = [name for name in names.values() if name not in {output.name for output in model.graph.output}]
    if missing:
        known = ", ".join(output.name for output in model.graph.output)
        raise _mismatch(network, f"the outputs {', '.join(missing)}", known)
    opset = max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=13)
    model = compose.add_prefix(model, "net/")
    head = _normalise(card, layout, opset, model)
    try:
        merged = compose.merge_models(head, model, io_map=[("normalised", f"net/{inputs[0]}")])
        _name_outputs(merged, {wanted: f"net/{given}" for wanted, given in names.items()}, card)
        onnx.checker.check_model(merged, full_check=True)
    except Exception as error:  # onnx raises ValueError and classes of its own
        raise _mismatch(network, "a network that normalisation can be put before", _first_line(error)) from error
    return bytes(merged.SerializeToString())


def _true_inputs(model: Any) -> list[str]:
    """Names of the inputs; old exporters list the weights among them, which is undone here."""
    weights = {each.name for each in model.graph.initializer}
    kept = [each for each in model.graph.input if each.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    # The first version in which weights may do without.
    model.ir_version = max(model.ir_version, 4)
    return [each.name for each in kept]


def _check_input(network: Path, value: Any, card: Card, layout: str) -> None:
    """Refuse a network whose input, as far as it is fixed, is not one float32 photo as the card describes it."""
    from onnx import TensorProto

    width, height = card.preprocess.size_wh
    wanted = [1, 3, height, width] if layout == "NCHW" else [1, height, width, 3]
    tensor = value.type.tensor_type
    # 0 stands for an axis of any size.
    given = [axis.dim_value for axis in tensor.shape.dim]
    fits = len(given) == 4 and all(size in (0, side) for size, side in zip(given, wanted, strict=True))
    if tensor.elem_type != TensorProto.FLOAT or not fits:
        kind = TensorProto.DataType.Name(tensor.elem_type).lower()
        raise _mismatch(network, f"an input of float {wanted} ({layout}), as the card says", f"{kind} {given}")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0][:200]


def _mapping(card: Card) -> tuple[dict[str, str], str]:
    section = tomllib.loads(card.origin.read_text(encoding="utf-8")).get("onnx", {})
    layout = section.get("layout", "NCHW") if isinstance(section, dict) else None
    if layout not in ("NCHW", "NHWC"):
        raise _bad_section(card, f"layout NCHW or NHWC, got {layout!r}")
    given = section.get("outputs", {})
    known = section.keys() <= {"layout", "outputs"} and isinstance(given, dict) and given.keys() <= card.outputs.keys()
    if not known:
        raise _bad_section(card, f"a layout and the outputs {', '.join(card.outputs)}, got {section!r}")
    return {name: str(given.get(name, name)) for name in card.outputs}, layout


def _normalise(card: Card, layout: str, opset: int, model: Any) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    width, height = card.preprocess.size_wh
    shape = (1, 3, 1, 1) if layout == "NCHW" else (1, 1, 1, 3)
    mean = np.array(card.preprocess.mean, np.float32).reshape(shape) * 255
    gain = 1 / (np.array(card.preprocess.std, np.float32).reshape(shape) * 255)
    nodes = [helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT)]
    if layout == "NCHW":
        nodes.append(helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]))
    nodes += [
        helper.make_node("Sub", [nodes[-1].output[0], "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "gain"], ["normalised"]),
    ]
    size = [3, height, width] if layout == "NCHW" else [height, width, 3]
    graph = helper.make_graph(
        nodes,
        "normalise",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", height, width, 3])],
        [helper.make_tensor_value_info("normalised", TensorProto.FLOAT, ["N", *size])],
        [numpy_helper.from_array(mean, "mean"), numpy_helper.from_array(gain, "gain")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=model.ir_version)


def _name_outputs(model: Any, names: dict[str, str], card: Card) -> None:
    from onnx import TensorProto, helper

    shapes = {output.name: len(output.type.tensor_type.shape.dim) for output in model.graph.output}
    del model.graph.output[:]
    for wanted, given in names.items():
        if shapes[given] == 4:
            model.graph.node.append(helper.make_node("GlobalAveragePool", [given], [f"{wanted}/pooled"]))
            model.graph.node.append(helper.make_node("Flatten", [f"{wanted}/pooled"], [wanted], axis=1))
        else:
            model.graph.node.append(helper.make_node("Flatten", [given], [wanted], axis=1))
        value = helper.make_tensor_value_info(wanted, TensorProto.FLOAT, ["N", card.outputs[wanted]])
        model.graph.output.append(value)


def _bad_section(card: Card, expected: str) -> FovealError:
    return FovealError(
        "bad-card", f"{card.origin}: under [onnx] expected {expected}", hint="docs/backbones.md shows an example"
    )


def _mismatch(network: Path, expected: str, got: str) -> FovealError:
    return FovealError(
        "network-mismatch",
        f"{network}: expected {expected}, got {got}",
        hint="correct [preprocess], or [onnx] layout and outputs, on the card",
    )
