from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from tiny_networks import Node, inferred, network, photos_network, random

from foveal.backbones.catalogue import find
from foveal.backbones.layers import read_layers
from foveal.backbones.network import load_network
from foveal.backbones.quantise import quantise
from foveal.errors import FovealError
from foveal.types.layers import LayerTable

TINY = read_layers(photos_network(), name="tiny")
BY_NAME = {layer.name: layer for layer in TINY.layers}


def test_what_each_layer_is() -> None:
    assert [layer.kind for layer in TINY.layers] == [
        *("cast", "transpose", "subtract", "multiply", "conv", "relu", "depthwise conv", "conv", "add", "max pool"),
        *("global average pool", "flatten", "linear"),
    ]
    assert BY_NAME["depthwise"].groups == 4
    assert BY_NAME["stem"].channels == 4
    assert BY_NAME["stem"].size_hw == (20, 20)
    assert BY_NAME["float"].channels == 3
    assert BY_NAME["logits"].output_shape == (5,)
    assert BY_NAME["logits"].size_hw is None
    assert TINY.size_hw == (40, 40)


def test_multiply_adds_and_weights_counted_by_hand() -> None:
    assert BY_NAME["stem"].macs == 20 * 20 * 4 * 3 * 3 * 3
    assert BY_NAME["depthwise"].macs == 20 * 20 * 4 * 3 * 3
    assert BY_NAME["mixed"].macs == 20 * 20 * 4 * 4
    assert BY_NAME["logits"].macs == 20
    assert TINY.macs == sum(BY_NAME[name].macs for name in ("stem", "depthwise", "mixed", "logits"))
    assert TINY.parameters == 4 * 27 + 4 * 9 + 16 + 20 + 5
    assert BY_NAME["normalised"].parameters == 0


def test_memory_counted_by_hand() -> None:
    assert BY_NAME["stem"].activation_bytes == 4 * 20 * 20 * 4
    # The largest moment: the normalised photo, made in place, beside the first convolution's output.
    assert TINY.peak_activation_bytes == 4 * 40 * 40 * 3 * 2
    assert TINY.file_bytes == len(photos_network())


def test_stages_of_a_network_with_one_pooled_output_are_those_of_one_size() -> None:
    assert [(stage.name, stage.convolutions) for stage in TINY.stages()] == [
        ("input", 0),
        ("20×20", 3),
        ("10×10", 0),
        ("head", 0),
    ]


@pytest.mark.parametrize("name", ["lite0", "lite1", "lite2"])
def test_a_builtin_network_agrees_with_its_card_and_with_onnx(name: str) -> None:
    card = find(name)
    content = load_network(card, classifier=True).content
    table = read_layers(content, name=name)
    assert table.macs == pytest.approx(card.macs, rel=0.001)
    # The card counts the batch norms' gains, which are folded into the convolutions of the file.
    assert table.parameters == pytest.approx(card.parameters, rel=0.006)
    assert table.parameters < card.parameters
    shapes = inferred(content)
    for layer in table.layers:
        assert (1, *layer.output_shape) == shapes[layer.output]
        if layer.window is not None:
            assert layer.window.output_size(layer.input_shape[1:]) == shapes[layer.output][2:]
    stages = [stage.name for stage in table.stages()]
    assert stages == ["input", *(f"tap_{number}" for number in range(1, 8)), "embedding", "logits"]


def test_only_what_some_outputs_need_and_the_same_stages() -> None:
    content = load_network(find("lite0"), classifier=True).content
    whole, part = read_layers(content, name="whole"), read_layers(content, name="part", outputs=("tap_3", "tap_5"))
    assert {layer.name for layer in part.layers} < {layer.name for layer in whole.layers}
    assert [stage.name for stage in part.stages()] == ["input", "tap_1", "tap_2", "tap_3", "tap_4", "tap_5"]
    assert part.stages()[2].macs == whole.stages()[2].macs


def _same_costs(one: LayerTable, other: LayerTable) -> None:
    assert one.macs == other.macs
    assert one.convolutions == other.convolutions
    assert one.parameters == other.parameters
    assert [layer.field for layer in one.layers if layer.macs] == [layer.field for layer in other.layers if layer.macs]
    assert [layer.kind for layer in one.layers if layer.macs] == [layer.kind for layer in other.layers if layer.macs]


def test_a_quantised_network_has_the_same_layers() -> None:
    photos = [np.random.default_rng(n).integers(0, 256, (40, 40, 3), dtype=np.uint8) for n in range(4)]
    _same_costs(read_layers(quantise(photos_network(), photos), name="int8"), TINY)


def test_quantised_operators_and_those_outside_the_standard(tmp_path) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Photos(CalibrationDataReader):
        left = iter([np.zeros((1, 40, 40, 3), np.uint8), np.full((1, 40, 40, 3), 255, np.uint8)])

        def get_next(self):
            photo = next(self.left, None)
            return None if photo is None else {"images": photo}

    path = tmp_path / "operators.onnx"
    model = onnx.load_from_string(photos_network())
    quantize_static(model, str(path), Photos(), quant_format=QuantFormat.QOperator)
    content = path.read_bytes()
    assert {"QLinearConv", "QLinearAdd", "QLinearGlobalAveragePool"} <= {
        node.op_type for node in onnx.load_from_string(content).graph.node
    }
    table = read_layers(content, name="operators")
    _same_costs(table, TINY)
    assert table.stages()[1].name == "20×20"


def test_batch_norm_concat_and_a_matrix_product() -> None:
    nodes: list[Node] = [
        ("Conv", ["images", "w"], "one", {"group": 1}),
        ("BatchNormalization", ["one", "g", "b", "m", "v"], "normal", {}),
        ("Clip", ["normal", "low", "high"], "clipped", {}),
        ("Concat", ["clipped", "one"], "both", {"axis": 1}),
        ("Conv", ["both", "w2"], "two", {"group": 2}),
        ("ReduceMean", ["two", "axes"], "mean", {"keepdims": 0}),
        ("MatMul", ["mean", "matrix"], "product", {}),
        ("Add", ["product", "bias"], "out", {}),
    ]
    weights = {
        "w": random(4, 3, 1, 1),
        **{name: np.ones(4, np.float32) for name in ("g", "b", "m", "v")},
        "low": np.float32(0),
        "high": np.float32(6),
        "w2": random(6, 4, 3, 3),
        "axes": np.array([2, 3], np.int64),
        "matrix": random(6, 7),
        "bias": random(7),
    }
    table = read_layers(network(nodes, weights, input_shape=(1, 3, 8, 8)), name="mixed")
    kinds = ["conv", "batch norm", "relu6", "concat", "grouped conv", "global average pool", "linear", "add"]
    assert [layer.kind for layer in table.layers] == kinds
    assert [layer.parameters for layer in table.layers] == [12, 8, 0, 0, 6 * 4 * 9, 0, 42, 7]
    assert table.layers[4].macs == 6 * 6 * 6 * 4 * 9
    assert table.layers[6].macs == 42
    assert table.layers[3].channels == 8


def test_a_network_that_takes_channels_last_is_measured_the_right_way_round() -> None:
    nodes: list[Node] = [
        ("Transpose", ["images"], "planes", {"perm": [0, 3, 1, 2]}),
        ("Conv", ["planes", "w"], "map", {"strides": [2, 1]}),
        ("Transpose", ["map"], "out", {"perm": [0, 2, 3, 1]}),
    ]
    table = read_layers(network(nodes, {"w": random(5, 3, 2, 2)}, input_shape=("N", 10, 12, 3)), name="last")
    assert table.size_hw == (10, 12)
    assert [(layer.channels, layer.size_hw) for layer in table.layers] == [(3, (10, 12)), (5, (5, 11)), (5, (5, 11))]
    assert all(layer.field is not None for layer in table.layers)


def test_weights_used_twice_count_once() -> None:
    nodes: list[Node] = [("Conv", ["images", "w"], "one", {}), ("Conv", ["one", "w"], "out", {})]
    table = read_layers(network(nodes, {"w": random(3, 3, 1, 1)}), name="shared")
    assert [layer.parameters for layer in table.layers] == [9, 0]
    assert table.macs == 2 * 9 * 32 * 32


@pytest.mark.parametrize("shape", [("N", 3, "H", "W"), ("N", 3)])
def test_a_network_for_any_size_is_refused(shape) -> None:
    content = network([("Relu", ["images"], "out", {})], {}, input_shape=shape)
    with pytest.raises(FovealError, match="of a fixed size") as caught:
        read_layers(content, name="open.onnx")
    assert caught.value.code == "network-mismatch"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(FovealError) as caught:
        read_layers(b"not a network at all", name="notes.onnx")
    assert caught.value.code == "network-unreadable"
    assert "notes.onnx" in caught.value.message


def test_a_float16_network_is_half_as_large() -> None:
    content = network(
        [
            ("Cast", ["images"], "half", {"to": TensorProto.FLOAT16}),
            ("Relu", ["half"], "lit", {}),
            ("Cast", ["lit"], "out", {"to": TensorProto.FLOAT}),
        ],
        {},
        input_shape=(1, 3, 8, 8),
    )
    assert [layer.activation_bytes for layer in read_layers(content, name="half").layers] == [384, 384, 768]


def test_a_network_that_no_runtime_takes_is_refused() -> None:
    content = network([("NoSuchOperator", ["images"], "out", {})], {})
    with pytest.raises(FovealError) as caught:
        read_layers(content, name="odd.onnx")
    assert caught.value.code == "network-unreadable"
