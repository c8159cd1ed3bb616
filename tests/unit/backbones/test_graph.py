from __future__ import annotations

import math

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.backbones.graph import IR_VERSION, OPSET, Graph, same_padding
from foveal.imaging.preprocess import Preprocess

WIDTH, HEIGHT = 7, 6
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.5)


@pytest.fixture
def graph():
    return Graph("test", Preprocess(size_wh=(WIDTH, HEIGHT), mean=MEAN, std=STD))


def photo(count=2):
    return np.random.default_rng(3).integers(0, 256, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)


def normalised(images):
    """The input of every operator, float64 [N, 3, H, W]."""
    return ((images / 255 - MEAN) / STD).transpose(0, 3, 1, 2)


def run(graph, x, images):
    graph.output("wanted", x)
    session = onnxruntime.InferenceSession(graph.serialise(), providers=["CPUExecutionProvider"])
    (found,) = session.run(["wanted"], {"images": images})
    assert found.shape[1:] == graph.shape(x)
    return found


def same_conv(x, weight, bias, stride):
    """Convolution with TensorFlow's padding, by its definition, one output pixel after the other."""
    kernel, (_, _, height, width) = weight.shape[2], x.shape
    groups = x.shape[1] // weight.shape[1]
    out_h, out_w = math.ceil(height / stride), math.ceil(width / stride)
    pad_h = max((out_h - 1) * stride + kernel - height, 0)
    pad_w = max((out_w - 1) * stride + kernel - width, 0)
    around = ((0, 0), (0, 0), (pad_h // 2, pad_h - pad_h // 2), (pad_w // 2, pad_w - pad_w // 2))
    padded = np.pad(x, around)
    out = np.zeros((len(x), len(weight), out_h, out_w))
    share = x.shape[1] // groups
    per_group = len(weight) // groups
    for channel, kernel_weight in enumerate(weight):
        start = channel // per_group * share
        for row in range(out_h):
            for column in range(out_w):
                top, left = row * stride, column * stride
                patch = padded[:, start : start + share, top : top + kernel, left : left + kernel]
                out[:, channel, row, column] = (patch * kernel_weight).sum(axis=(1, 2, 3)) + bias[channel]
    return out


def test_normalisation(graph):
    images = photo()
    np.testing.assert_allclose(run(graph, graph.normalised, images), normalised(images), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolution(graph, kernel, stride, depthwise):
    rng = np.random.default_rng(kernel * 10 + stride)
    weight = rng.normal(size=(6, 1 if depthwise else 3, kernel, kernel)).astype(np.float32)
    bias = rng.normal(size=6).astype(np.float32)
    images = photo()
    found = run(graph, graph.conv(graph.normalised, weight, bias, stride=stride), images)
    np.testing.assert_allclose(found, same_conv(normalised(images), weight, bias, stride), atol=1e-4)


def test_relu6(graph):
    images = photo()
    weight = (10 * np.eye(3, dtype=np.float32))[:, :, None, None]
    found = run(graph, graph.relu6(graph.conv(graph.normalised, weight, np.zeros(3, np.float32), stride=1)), images)
    np.testing.assert_allclose(found, np.clip(10 * normalised(images), 0, 6), atol=1e-4)
    assert found.min() == 0
    assert found.max() == 6


def test_sum_pool_and_linear(graph):
    images = photo(3)
    x = normalised(images)
    pooled = x.mean(axis=(2, 3))
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    np.testing.assert_allclose(run(graph, graph.add(graph.normalised, graph.normalised), images), 2 * x, atol=1e-5)
    again = Graph("test", Preprocess(size_wh=(WIDTH, HEIGHT), mean=MEAN, std=STD))
    found = run(again, again.linear(again.pool(again.normalised), weight, bias), images)
    np.testing.assert_allclose(found, pooled @ weight.T + bias, atol=1e-5)


def test_the_file_is_one_that_old_runtimes_read(graph):
    graph.output("wanted", graph.pool(graph.normalised))
    model = onnx.load_from_string(graph.serialise())
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)] == [("", 13)]
    assert model.ir_version == IR_VERSION == 8
    shape = [each.dim_param or each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == ["N", HEIGHT, WIDTH, 3]


def test_the_same_graph_gives_the_same_bytes(graph):
    again = Graph("test", Preprocess(size_wh=(WIDTH, HEIGHT), mean=MEAN, std=STD))
    for each in (graph, again):
        each.output("wanted", each.pool(each.normalised))
    assert graph.serialise() == again.serialise()


@given(size=st.integers(1, 600), kernel=st.integers(1, 11), stride=st.integers(1, 5))
def test_same_padding_is_tensorflows(size, kernel, stride):
    # https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    total = max(kernel - stride, 0) if size % stride == 0 else max(kernel - size % stride, 0)
    before, after = same_padding(size, kernel, stride)
    assert (before, after) == (total // 2, total - total // 2)
    assert (size + before + after - kernel) // stride + 1 == math.ceil(size / stride) or total == 0
