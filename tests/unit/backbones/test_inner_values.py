from __future__ import annotations

import numpy as np
import pytest
from own_networks import CARD, SIZE, write_network

from foveal.backbones.card import read_card
from foveal.backbones.graph import Graph
from foveal.backbones.inner_values import with_maps
from foveal.backbones.network import Network
from foveal.backbones.quantise import quantise
from foveal.backbones.wrap import wrap
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice, load_engine

PREPROCESS = Preprocess(size_wh=(SIZE, SIZE), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def built(seed=0, *, after_pool=False):
    rng = np.random.default_rng(seed)
    graph = Graph("inner", PREPROCESS)
    x = graph.conv(graph.normalised, weights(rng, 8, 3), np.zeros(8, np.float32), stride=2)
    graph.output("tap_1", graph.pool(x))
    x = graph.relu6(graph.conv(x, weights(rng, 16, 8), np.zeros(16, np.float32), stride=2))
    pooled = graph.pool(x)
    embedding = graph.output("embedding", graph.relu6(pooled) if after_pool else pooled)
    graph.output("logits", graph.linear(embedding, rng.normal(size=(5, 16)), rng.normal(size=5)))
    return Network.of(graph.serialise(), {"tap_1": 8, "embedding": 16, "logits": 5})


def weights(rng, outputs, inputs):
    return rng.normal(0, 0.4, (outputs, inputs, 3, 3)).astype(np.float32)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_the_mean_of_the_map_is_the_output(runtime, precision):
    network = built()
    if precision == "int8":
        network = Network.of(quantise(network.content, [image(seed) for seed in range(8)]), network.outputs)
    mapped = with_maps(network, ("tap_1", "embedding", "logits"))
    assert set(mapped.maps) == {"tap_1", "embedding", "logits"}
    names = [*mapped.maps, *mapped.maps.values()]
    values = dict(
        zip(names, load_engine(Choice(runtime, precision), mapped.content, names, parallel=1).run(image()), strict=True)
    )
    for output in ("tap_1", "embedding"):
        assert values[mapped.maps[output]].ndim == 3
        np.testing.assert_allclose(values[mapped.maps[output]].mean(axis=(1, 2)), values[output], atol=1e-5)
    layer = mapped.layers["logits"]
    pooled = values[mapped.maps["logits"]].mean(axis=(1, 2))
    np.testing.assert_allclose(layer.weights @ pooled + layer.bias, values["logits"], atol=1e-4)


def test_what_is_no_mean_has_no_map():
    mapped = with_maps(built(after_pool=True), ("tap_1", "embedding", "logits"))
    assert set(mapped.maps) == {"tap_1"}


def test_the_same_network_is_not_edited_twice():
    assert with_maps(built(), ("tap_1",)) is with_maps(built(), ("tap_1",))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("pooled", [True, False])
def test_networks_of_other_origin(tmp_path, layout, pooled):
    card = tmp_path / "own.toml"
    text = CARD.replace("[onnx.outputs]", f'[onnx]\nlayout = "{layout}"\n[onnx.outputs]')
    card.write_text(text, encoding="utf-8")
    content = wrap(write_network(tmp_path / "own.onnx", layout=layout, pooled=pooled), read_card(card))
    mapped = with_maps(Network.of(content, {"embedding": 8}), ("embedding",))
    names = ["embedding", mapped.maps["embedding"]]
    found, values = load_engine(Choice("onnx", "f32"), mapped.content, names, parallel=1).run(image())
    assert values.shape == (8, SIZE, SIZE)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), found, atol=1e-4)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [((2, 3), (3, 4, 6)), ((-2, -1), (3, 4, 6)), ((1, 2), (6, 3, 4)), ((3,), None), ((1, 2, 3), None)],
)
@pytest.mark.parametrize("opset", [13, 18])
def test_means_over_axes(axes, shape, opset):
    """An input [N, 3, 4, 6]; from opset 18 on the axes are an input of the operator."""
    from onnx import TensorProto, helper, numpy_helper

    given = [numpy_helper.from_array(np.array(axes, np.int64), "axes")] if opset == 18 else []
    more = {} if opset == 18 else {"axes": list(axes)}
    nodes = [
        helper.make_node("Cast", ["images"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x", *(["axes"] if given else [])], ["mean"], keepdims=1, **more),
        helper.make_node("Flatten", ["mean"], ["embedding"], axis=1),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, [1, 3, 4, 6])
    out = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, None])
    graph = helper.make_graph(nodes, "means", [images], [out], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    mapped = with_maps(Network.of(bytes(model.SerializeToString()), {"embedding": 3}), ("embedding",))
    if shape is None:
        assert not mapped.maps
        return
    engine = load_engine(Choice("onnx", "f32"), mapped.content, ["embedding/map"], parallel=1)
    assert engine.run(np.zeros((3, 4, 6), np.uint8))[0].shape == shape
