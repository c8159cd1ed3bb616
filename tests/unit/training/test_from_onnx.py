from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.unit.backbones.own_networks import CARD, SIZE, write_network

from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network
from foveal.errors import FovealError
from foveal.runtimes.engine import Choice, load_engine
from foveal.workflows.register import register

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.from_onnx import OnnxModule  # noqa: E402
from foveal.training.operators import OPERATORS  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def node_model(kind, shape, *constants, opset=17, integers=(), **attributes):
    """One node that takes `x` and some constants."""
    names = [f"c{number}" for number in range(len(constants))]
    weights = [
        numpy_helper.from_array(np.asarray(each, np.int64 if at in integers else np.float32), name)
        for at, (name, each) in enumerate(zip(names, constants, strict=True))
        if each is not None
    ]
    inputs = ["x", *(name if each is not None else "" for name, each in zip(names, constants, strict=True))]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, ["y"], **attributes)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


RNG = np.random.default_rng(0)
MAP = (2, 4, 7, 9)
CASES = [
    ("Add", MAP, (RNG.normal(size=(4, 1, 1)),), {}),
    ("AveragePool", MAP, (), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("AveragePool", MAP, (), {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1], "count_include_pad": 1}),
    ("AveragePool", MAP, (), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("BatchNormalization", MAP, (*RNG.normal(size=(3, 4)), RNG.uniform(0.5, 2, 4)), {"epsilon": 1e-3}),
    ("Clip", MAP, (-0.5, 0.7), {}),
    ("Clip", MAP, (None, 0.7), {}),
    ("Conv", MAP, (RNG.normal(size=(6, 4, 3, 3)), RNG.normal(size=6)), {"pads": [0, 1, 2, 1], "strides": [2, 1]}),
    ("Conv", MAP, (RNG.normal(size=(4, 1, 3, 3)),), {"group": 4, "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("Conv", MAP, (RNG.normal(size=(3, 4, 2, 3)),), {"dilations": [2, 3]}),
    ("Conv", MAP, (RNG.normal(size=(2, 4, 2, 2)),), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("Elu", MAP, (), {"alpha": 0.5}),
    ("Erf", MAP, (), {}),
    ("Exp", MAP, (), {}),
    ("Flatten", MAP, (), {"axis": 1}),
    ("Flatten", MAP, (), {"axis": 2}),
    ("GlobalAveragePool", MAP, (), {}),
    ("GlobalMaxPool", MAP, (), {}),
    ("HardSigmoid", MAP, (), {"alpha": 1 / 6}),
    ("HardSwish", MAP, (), {}),
    ("LayerNormalization", MAP, (RNG.normal(size=9), RNG.normal(size=9)), {"epsilon": 1e-3}),
    ("LayerNormalization", MAP, (RNG.normal(size=(7, 9)),), {"axis": 2}),
    ("LeakyRelu", MAP, (), {}),
    ("MatMul", (3, 5), (RNG.normal(size=(5, 2)),), {}),
    ("Max", MAP, (RNG.normal(size=(9,)), RNG.normal(size=(7, 1))), {}),
    ("Min", MAP, (RNG.normal(size=(9,)),), {}),
    ("Neg", MAP, (), {}),
    ("Softplus", MAP, (), {}),
    ("MaxPool", MAP, (), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
    ("MaxPool", MAP, (), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    ("PRelu", MAP, (RNG.normal(size=(4, 1, 1)),), {}),
    ("Relu", MAP, (), {}),
    ("Sigmoid", MAP, (), {}),
    ("Softmax", (3, 5), (), {"axis": 1}),
    ("Tanh", MAP, (), {}),
    ("Transpose", MAP, (), {"perm": [0, 2, 3, 1]}),
    ("Gemm", (3, 5), (RNG.normal(size=(2, 5)), RNG.normal(size=2)), {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("ReduceMean", MAP, (), {"axes": [2, 3], "keepdims": 0}),
    ("Concat", MAP, (RNG.normal(size=(2, 1, 7, 9)),), {"axis": 1}),
]
INTEGER_CASES = [
    ("Expand", (3, 1, 5), ([2, 1, 4, 1],), {}),
    ("Gather", MAP, ([2, 0],), {"axis": 1}),
    ("ReduceSum", MAP, ([1, 3],), {"keepdims": 0}),
    ("Pad", MAP, ([0, 0, 1, 2, 0, 0, 3, 0],), {}),
    ("Pad", MAP, ([0, 0, 1, 2, 0, 0, 3, 0],), {"mode": "reflect"}),
    ("Reshape", MAP, ([0, -1, 9],), {}),
    ("Squeeze", (2, 1, 3, 1), ([1],), {}),
    ("Unsqueeze", (2, 3), ([0, 3],), {}),
]

SLICES = [
    ([1], [-1], [2]),
    ([0, 2], [2**40, -1], [1, 3], [2, 3]),
    ([-1], [-(2**40)], [3], [-2]),
    ([3], [2], [2]),
]


@pytest.mark.parametrize(
    ("kind", "shape", "constants", "attributes", "integers"),
    [
        *((*case, ()) for case in CASES),
        *((*case, (0,)) for case in INTEGER_CASES),
        *(("Slice", MAP, constants, {}, (0, 1, 2, 3)) for constants in SLICES),
    ],
)
def test_an_operator_does_what_onnx_runtime_does(kind, shape, constants, attributes, integers):
    import onnxruntime

    model = node_model(kind, shape, *constants, integers=integers, **attributes)
    content = model.SerializeToString()
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    expected = onnxruntime.InferenceSession(content).run(None, {"x": x})[0]
    (found,) = OnnxModule(content, ("y",))(torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_a_later_operator_does_what_onnx_runtime_does(approximate):
    import onnxruntime

    content = node_model("Gelu", MAP, opset=20, approximate=approximate).SerializeToString()
    x = np.random.default_rng(1).normal(size=MAP).astype(np.float32)
    expected = onnxruntime.InferenceSession(content).run(None, {"x": x})[0]
    (found,) = OnnxModule(content, ("y",))(torch.from_numpy(x))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("constants", [(), ([3, 4],)])
def test_a_node_with_several_outputs(constants):
    import onnxruntime

    attributes = {} if constants else {"num_outputs": 2}
    model = node_model("Split", (2, 7), *constants, opset=18, integers=(0,), axis=1, **attributes)
    model.graph.node[0].output.append("z")
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    content = model.SerializeToString()
    x = np.random.default_rng(1).normal(size=(2, 7)).astype(np.float32)
    expected = onnxruntime.InferenceSession(content).run(["y", "z"], {"x": x})
    for found, each in zip(OnnxModule(content, ("y", "z"))(torch.from_numpy(x)), expected, strict=True):
        np.testing.assert_array_equal(found.numpy(), each)


def test_the_operators_stand_in_order():
    assert sorted(OPERATORS) == list(OPERATORS)


def assert_equal_to_onnx_runtime(content, outputs, images):
    engine = load_engine(Choice("onnx", "f32"), content, outputs, parallel=1)
    module = OnnxModule(content, outputs)
    for image in images:
        for found, expected in zip(module(torch.from_numpy(image[None]).float()), engine.run(image), strict=True):
            np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-4)


def test_lite0_says_the_same_as_in_onnx_runtime():
    network = load_network(find("lite0"), classifier=True)
    width, height = find("lite0").preprocess.size_wh
    images = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    assert_equal_to_onnx_runtime(network.content, (*network.outputs,), images)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_network_of_ones_own_says_the_same_as_in_onnx_runtime(tmp_path, monkeypatch, layout):
    monkeypatch.setenv("FOVEAL_HOME", str(tmp_path / "home"))
    turned = CARD.replace("[onnx.outputs]", f'[onnx]\nlayout = "{layout}"\n[onnx.outputs]')
    (tmp_path / "own.toml").write_text(turned)
    card = register(write_network(tmp_path / "own.onnx", layout=layout), tmp_path / "own.toml")
    network = load_network(card)
    images = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    assert_equal_to_onnx_runtime(network.content, (*network.outputs,), images)


def test_a_watched_value_passes_by_turned():
    model = node_model("Relu", (1, 2, 3, 4))
    model.graph.node.append(helper.make_node("Sigmoid", ["y"], ["z"]))
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    module = OnnxModule(model.SerializeToString(), ("z",), watched="y", turned=(0, 3, 1, 2))
    seen = []
    module.watch.register_forward_hook(lambda *given: seen.append(given[2]))
    x = torch.randn(1, 2, 3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    (found,) = module(x)
    torch.testing.assert_close(found, torch.sigmoid(torch.relu(x)))
    assert seen[0].shape == (1, 4, 2, 3)
    assert torch.autograd.grad(found.sum(), seen[0])[0].shape == (1, 4, 2, 3)


def test_an_operator_that_is_not_known_is_refused():
    with pytest.raises(FovealError, match="got Det") as caught:
        OnnxModule(node_model("Det", (2, 3, 3)).SerializeToString(), ("y",))
    assert caught.value.code == "operator-unknown"


def test_an_output_that_is_not_there_is_refused():
    with pytest.raises(FovealError, match="without w"):
        OnnxModule(node_model("Relu", MAP).SerializeToString(), ("w",))
