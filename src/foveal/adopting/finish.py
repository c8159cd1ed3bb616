"""From another library's network to foveal's form: uint8 photos in, the embedding and a matrix, or logits, out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.adopting.foreign import Foreign
from foveal.adopting.tail import Tail, tail_of
from foveal.backbones.network import Network
from foveal.backbones.onnx_graph import OnnxGraph, makers_of, needed_values
from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.heads.linear import Array
from foveal.heads.logits import LogitsHead
from foveal.metrics.calibration import softmax
from foveal.runtimes.engine import Choice, load_engine

# Probabilities may differ by this much from those of the file: half precision of the features costs about a tenth.
_ALLOWED = 2e-3
_TRIES = 3
# Below this a probability tells nothing; its logarithm would.
_LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True, eq=False)
class Finished:
    """A network in foveal's form.

    Args:
        network: Takes uint8 photos; outputs "embedding" or "logits".
        head: What turns these into logits.
        classes: Number of classes.
        difference: The largest difference of a probability from the file's own, on noise.
    """

    network: Network
    head: AffineHead | LogitsHead
    classes: int
    difference: float


def finish(foreign: Foreign) -> Finished:
    """Put normalisation before a classifier and take its end apart.

    Args:
        foreign: What a reader found.

    Raises:
        FovealError: `network-unreadable`, `network-mismatch`; `not-a-classifier`: no column a class, or any number of
            labels a photo; `export-differs`: what was made does not say what the file says.
    """
    where = foreign.where
    model = with_photos(foreign)
    content = model.SerializeToString()
    graph = OnnxGraph(content, outputs=[f"net/{foreign.output}"], name=where)
    output = f"net/{foreign.output}"
    classes = _classes(where, graph.shape(output))
    tail = tail_of(graph, output, classes)
    samples = _samples(foreign)
    said = _run(where, content, output, samples).reshape(len(samples), classes)
    if not np.isfinite(said).all():
        raise FovealError(
            "network-unreadable",
            f"{where}: expected finite class scores of every photo, got others: its weights are damaged or diverged",
            hint="take an earlier checkpoint, or export it again",
        )
    if tail.activation == "sigmoid" and classes > 1:
        raise FovealError(
            "not-a-classifier",
            f"{where}: expected one class a photo, got a sigmoid for each of {classes} labels",
            hint="models of any number of labels a photo cannot be adopted; foveal fit learns one from a table",
        )
    wanted = _probabilities(said, tail)
    network, head = _with_head(model, tail, classes, already=_are_probabilities(said) and not tail.activation)
    name = next(iter(network.outputs))
    logits = head.logits(_run(where, network.content, name, samples).astype(np.float16))
    difference = float(np.abs(softmax(logits) - wanted).max())
    if not np.isfinite(difference) or difference > _ALLOWED:
        raise FovealError(
            "export-differs",
            f"{where}: expected the probabilities that the file gives, to {_ALLOWED:g}, got {difference:g}",
            hint="please report this with the file; until then export the network to ONNX with its logits as output",
        )
    return Finished(network, head, wanted.shape[1], difference)


def _classes(where: str, shape: tuple[int, ...]) -> int:
    """How many columns an output of one photo has; all its other axes are of length 1."""
    classes = max(shape, default=1)
    if int(np.prod(shape)) != classes:
        raise FovealError(
            "not-a-classifier",
            f"{where}: expected one score a class, [N, C], got an output of {list(shape)}",
            hint="a detector or a segmenting network is no classifier; of several outputs name one with --output",
        )
    return classes


def with_photos(foreign: Foreign) -> Any:
    """The network behind normalisation, an ONNX model with the input `images`; its own names begin with "net/".

    Raises:
        FovealError: `network-unreadable`.
    """
    import onnx
    from onnx import compose

    try:
        model = onnx.load_from_string(foreign.content)
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        given = _only_input(model)
        model = compose.add_prefix(model, "net/")
        head = _normaliser(foreign, model, given)
        merged = compose.merge_models(head, model, io_map=[("normalised", f"net/{given}")])
        del merged.graph.value_info[:]
        onnx.checker.check_model(merged)
    except FovealError:
        raise
    except Exception as error:  # onnx raises ValueError and classes of its own
        raise FovealError(
            "network-unreadable",
            f"{foreign.where}: expected a network that normalisation can be put before, got: {str(error)[:200]}",
            hint="check it with `python -m onnx.checker`, or export it again",
        ) from error
    return merged


def _only_input(model: Any) -> str:
    """The name of the input; weights that old exporters list among the inputs are taken out."""
    weights = {each.name for each in model.graph.initializer}
    kept = [each for each in model.graph.input if each.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    # The first version in which weights may do without.
    model.ir_version = max(model.ir_version, 4)
    return str(kept[0].name)


def _normaliser(foreign: Foreign, model: Any, given: str) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    width, height = foreign.preprocess.size_wh
    planes = foreign.layout == "NCHW"
    shape = (1, 3, 1, 1) if planes else (1, 1, 1, 3)
    value = next(each for each in model.graph.input if each.name == f"net/{given}").type.tensor_type
    dims = value.shape.dim
    batch: int | str = dims[0].dim_value or "N"
    sizes = [3, height, width] if planes else [height, width, 3]
    for axis, size in zip(dims[1:], sizes, strict=True):
        axis.dim_value = size
    mean = np.array(foreign.preprocess.mean, np.float32).reshape(shape) * 255
    gain = 1 / (np.array(foreign.preprocess.std, np.float32).reshape(shape) * 255)
    # A network of bytes does this by itself.
    normalises = value.elem_type != TensorProto.UINT8
    nodes = [helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT)] if normalises else []
    last = "pixels" if normalises else "images"
    weights: list[Any] = []

    def then(operator: str, name: str, *constant: Any, **attributes: Any) -> None:
        nonlocal last
        weights.extend(numpy_helper.from_array(each, f"{name}/constant") for each in constant)
        inputs = [last, *(f"{name}/constant" for _ in constant)]
        nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        last = name

    if planes:
        then("Transpose", "planes", perm=[0, 3, 1, 2])
    if normalises:
        then("Sub", "centred", mean)
        then("Mul", "scaled", gain)
    if foreign.bgr:
        then("Gather", "turned", np.array([2, 1, 0], np.int64), axis=1 if planes else 3)
    if value.elem_type == TensorProto.FLOAT16:
        then("Cast", "halved", to=TensorProto.FLOAT16)
    then("Identity", "normalised")
    graph = helper.make_graph(
        nodes,
        "normalise",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, [batch, height, width, 3])],
        [helper.make_tensor_value_info("normalised", value.elem_type, [batch, *sizes])],
        weights,
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _with_head(model: Any, tail: Tail, classes: int, *, already: bool) -> tuple[Network, AffineHead | LogitsHead]:
    """The network up to what its last matrix gets, and that matrix; without one up to its scores."""
    from onnx import TensorProto, helper

    head: AffineHead | LogitsHead
    nodes = model.graph.node
    halved = model.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT16
    if tail.weights is not None and tail.bias is not None and not already:
        name, columns, value = "embedding", len(tail.weights), tail.embedding
        head = _affine(tail.weights, tail.bias)
    else:
        name, columns, value = "logits", classes, tail.scores
        head = LogitsHead(classes)
        if already:
            nodes.append(helper.make_node("Max", [value, _number(model, _LEAST_PROBABILITY)], ["head/kept"]))
            nodes.append(helper.make_node("Log", ["head/kept"], ["head/log"]))
            value = "head/log"
        elif classes == 1:
            name, head = "embedding", _affine(np.ones((1, 1), np.float32), np.zeros(1, np.float32))
    nodes.append(helper.make_node("Flatten", [value], ["head/flat" if halved else name], axis=1))
    if halved:
        nodes.append(helper.make_node("Cast", ["head/flat"], [name], to=TensorProto.FLOAT))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", columns]))
    _keep_needed(model, name)
    return Network.of(bytes(model.SerializeToString()), {name: columns}), head


def _affine(weights: Array, bias: Array) -> AffineHead:
    """The head; of a single column with a sigmoid, as two classes are often told apart, two: 0 and that column."""
    if len(bias) == 1:
        weights = np.concatenate([np.zeros_like(weights), weights], axis=1)
        bias = np.concatenate([np.zeros_like(bias), bias])
    return AffineHead(np.ascontiguousarray(weights, np.float32), np.ascontiguousarray(bias, np.float32))


def _number(model: Any, value: float) -> str:
    from onnx import numpy_helper

    model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), "head/least"))
    return "head/least"


def _keep_needed(model: Any, output: str) -> None:
    """Drop the nodes and weights that an output does not need."""
    needed = needed_values(makers_of(model.graph.node), [output])
    kept = [node for node in model.graph.node if needed & {*node.output}]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    weights = [each for each in model.graph.initializer if each.name in needed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)


def _samples(foreign: Foreign) -> list[NDArray[np.uint8]]:
    width, height = foreign.preprocess.size_wh
    rng = np.random.default_rng(0)
    grey = np.full((height, width, 3), 128, np.uint8)
    return [grey, *(rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(_TRIES - 1))]


def _run(where: str, content: bytes, output: str, samples: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    digest = hashlib.sha256(content).hexdigest()
    engine = load_engine(Choice("onnx", "f32"), content, (output,), parallel=1, sha256=digest)
    try:
        return np.stack([np.asarray(engine.run(each)[0], np.float32).ravel() for each in samples])
    except Exception as error:  # ONNX Runtime raises classes of its own
        raise FovealError(
            "network-unreadable",
            f"{where}: expected a network that takes one photo at a time, got: {str(error)[:200]}",
            hint="export it with a batch of 1, or of any size",
        ) from error


def _are_probabilities(said: NDArray[np.float32]) -> bool:
    """Whether numbers [n, C] can be nothing else than the probabilities of one class a photo."""
    return said.shape[1] > 1 and bool((said >= 0).all() and np.allclose(said.sum(axis=1), 1, atol=1e-3))


def _probabilities(said: NDArray[np.float32], tail: Tail) -> NDArray[np.float32]:
    """float32 [n, C]: what the file's own output means."""
    if said.shape[1] == 1:
        yes = said if tail.activation == "sigmoid" else 1 / (1 + np.exp(-said))
        return np.concatenate([1 - yes, yes], axis=1).astype(np.float32)
    if tail.activation == "softmax" or _are_probabilities(said):
        return said
    return softmax(said).astype(np.float32)
