from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import onnx
import pytest
from golden_logits import FOLDER, NAMES, synthetic, values
from torch_writer import Storage, contiguous, state_of, torch_bytes

from foveal.backbones.catalogue import find
from foveal.backbones.efficientnet_lite import build
from foveal.backbones.network import load_network, weights_file
from foveal.backbones.torch_file import read_state_dict
from foveal.errors import FovealError
from foveal.runtimes.engine import Choice, load_engine


@pytest.fixture(params=NAMES)
def card(request):
    card = find(request.param)
    if weights_file(card) is None:
        pytest.skip(f"needs the package {card.weights.package}")
    return card


def run(card, outputs, images):
    engine = load_engine(Choice("onnx", "f32"), load_network(card, classifier=True).content, outputs, parallel=1)
    return [np.stack(each) for each in zip(*map(engine.run, images), strict=True)]


def test_parameters_are_those_of_the_weights(card):
    state = read_state_dict(weights_file(card))
    learnt = [array for name, array in state.items() if not name.endswith(("running_mean", "running_var", "tracked"))]
    assert sum(array.size for array in learnt) == card.parameters


def test_macs_are_those_of_the_graph(card):
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(load_network(card, classifier=True).content))
    known = {**{each.name: each for each in model.graph.value_info}, **{each.name: each for each in model.graph.output}}
    weights = {each.name: list(each.dims) for each in model.graph.initializer}
    macs = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            pixels = [axis.dim_value for axis in known[node.output[0]].type.tensor_type.shape.dim[2:]]
            macs += math.prod(pixels) * math.prod(weights[node.input[1]])
        elif node.op_type == "Gemm":
            macs += math.prod(weights[node.input[1]])
    assert macs == pytest.approx(card.macs, rel=0.02)


def test_outputs_are_as_wide_as_the_card_says(card):
    outputs = [*card.outputs, "logits", "feature_map"]
    found = dict(zip(outputs, run(card, outputs, [synthetic(card.preprocess.size_wh)]), strict=True))
    assert {name: found[name].shape[1] for name in card.outputs} == dict(card.outputs)
    assert found["logits"].shape == (1, 1000)
    assert load_network(card, classifier=True).outputs == {**card.outputs, "logits": 1000}
    assert all(each.dtype == np.float32 and np.isfinite(each).all() for each in found.values())
    side = math.ceil(card.preprocess.size_wh[0] / 32)
    assert found["feature_map"].shape == (1, card.outputs["embedding"], side, side)
    np.testing.assert_allclose(found["feature_map"].mean(axis=(2, 3)), found["embedding"], atol=1e-5)


def test_the_network_without_classes_is_the_same_but_smaller(card):
    image = synthetic(card.preprocess.size_wh)
    plain = load_network(card)
    assert "logits" not in plain.outputs
    assert len(plain.content) < len(load_network(card, classifier=True).content) - 4 * 1000 * 1280
    engine = load_engine(Choice("onnx", "f32"), plain.content, ["embedding"], parallel=1)
    np.testing.assert_allclose(engine.run(image)[0], run(card, ["embedding"], [image])[0][0], atol=1e-5)


def test_golden_values(card):
    expected = json.loads((FOLDER / f"{card.short_name}.json").read_text(encoding="utf-8"))
    found = values(card)
    assert found["weights_sha256"] == expected["weights_sha256"]
    np.testing.assert_allclose(found["logits"], expected["logits"], atol=1e-3)
    np.testing.assert_allclose(found["embedding"], expected["embedding"], atol=1e-3)
    np.testing.assert_allclose(found["best"], expected["best"], atol=1e-3)


def test_golden_logits_tell_images_apart(card):
    first, second = run(card, ["logits"], [synthetic(card.preprocess.size_wh, kind) for kind in (0, 1)])[0]
    assert np.abs(first - second).max() > 0.2


def test_equals_timm(card):
    torch = pytest.importorskip("torch", reason="compares with timm, which needs PyTorch")
    timm = pytest.importorskip("timm", reason="compares with timm")
    images = [synthetic(card.preprocess.size_wh, kind) for kind in range(3)]
    model = timm.create_model(f"tf_efficientnet_{card.short_name}", pretrained=False).eval()
    own = [array for name, array in read_state_dict(weights_file(card)).items() if not name.endswith("tracked")]
    wanted = [name for name in model.state_dict() if not name.endswith("tracked")]
    # Both list the layers in the order in which a photo passes them.
    state = {name: torch.from_numpy(array) for name, array in zip(wanted, own, strict=True)}
    model.load_state_dict(state, strict=False)
    inputs = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    with torch.inference_mode():
        theirs = model(inputs).numpy()
    difference = float(np.abs(run(card, ["logits"], images)[0] - theirs).max())
    print(f"{card.name}: largest difference from timm {difference:.2e}")
    assert difference < 1e-3


def test_other_weights_are_refused(tmp_path):
    file = tmp_path / "weights.pth"
    card = find("lite0")
    storage = Storage("FloatStorage", "0", np.ones(4, np.float32))
    stem = state_of(**{"_conv_stem.weight": contiguous(storage, 1, 1, 2, 2)})
    for data in (b"not weights", torch_bytes(stem, [storage]), torch_bytes(state_of(), [])):
        file.write_bytes(data)
        with pytest.raises(FovealError) as caught:
            build(file, card, classifier=True)
        assert caught.value.code == "weights-unreadable"
        assert str(file) in caught.value.message


def test_another_depth_is_refused():
    card = find("lite2")
    shallow = replace(card, weights=replace(card.weights, depth=1.0))
    with pytest.raises(FovealError) as caught:
        build(weights_file(find("lite0")), replace(card, weights=replace(card.weights, depth=2.0)), classifier=False)
    assert caught.value.code == "weights-unreadable"
    assert "depth 2.0" in caught.value.message
    assert len(build(weights_file(find("lite0")), shallow, classifier=False)) > 1e6
