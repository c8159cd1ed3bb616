from __future__ import annotations

import json

import numpy as np
import pytest
from onnx import TensorProto
from own_networks import CARD, SIZE, expected, write_network

import foveal
from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network
from foveal.errors import FovealError
from foveal.runtimes.engine import Choice, load_engine
from foveal.workflows.register import forget, register


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "home" / "backbones"


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(CARD, encoding="utf-8")
    return path


def image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def refusal(network, card, home):
    with pytest.raises(FovealError) as caught:
        register(network, card)
    assert not list(home.glob("*"))
    return caught.value


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("batch", ["batch", 1])
def test_every_form_of_network(tmp_path, card, layout, pooled, batch):
    network = write_network(tmp_path / "own.onnx", layout=layout, pooled=pooled, batch=batch)
    if layout == "NHWC":
        card.write_text(CARD.replace("[onnx.outputs]", '[onnx]\nlayout = "NHWC"\n[onnx.outputs]'), encoding="utf-8")
    found = register(network, card)
    assert found == find("own") == find("own.test")
    content = load_network(found).content
    for runtime in ("onnx", "openvino"):
        engine = load_engine(Choice(runtime, "f32"), content, ["embedding"], parallel=1)
        np.testing.assert_allclose(engine.run(image())[0], expected(image()), atol=1e-4)


def test_a_network_of_an_old_exporter(tmp_path, card):
    register(write_network(tmp_path / "own.onnx", weights_as_inputs=True), card)
    engine = load_engine(Choice("onnx", "f32"), load_network(find("own")).content, ["embedding"], parallel=1)
    np.testing.assert_allclose(engine.run(image())[0], expected(image()), atol=1e-4)


def test_fit_with_it(tmp_path, card, photos):
    register(write_network(tmp_path / "own.onnx"), card)
    model = foveal.fit(photos, backbone="own")
    assert model.views[0].backbone == "own.test"
    assert model.record["backbones"][0]["name"] == "own.test"
    assert model.evaluation is not None
    model.save(tmp_path / "own.foveal")
    some = sorted(photos.rglob("*.jpg"))[::6]
    before = model.predict(some)
    forget("own")
    again = foveal.load(tmp_path / "own.foveal").predict(some)
    np.testing.assert_array_equal(again.probs, before.probs)


def test_embeddings_beside_a_built_in_one(tmp_path, card, photos):
    register(write_network(tmp_path / "own.onnx"), card)
    some = sorted(photos.rglob("*.jpg"))[:3]
    found = foveal.embed(some, backbone="own,lite0")
    assert found.layout == (("own.test/embedding", 8), ("efficientnet_lite0.in1k/embedding", 1280))
    alone = foveal.embed(some, backbone="own")
    assert alone.layout == (("embedding", 8),)
    np.testing.assert_array_equal(found.vectors[:, :8], alone.vectors)


def test_what_is_kept_survives_weights_of_the_card(tmp_path, card, home):
    text = CARD.replace(
        "[preprocess]", '[weights]\nbuilder = ""\npackage = ""\nfile = "x"\nsha256 = "0"\n\n[preprocess]'
    )
    card.write_text(text, encoding="utf-8")
    found = register(write_network(tmp_path / "mine.onnx"), card)
    assert found.weights.file == "network.onnx"
    assert sorted(path.name for path in (home / "own").iterdir()) == ["card.toml", "network.onnx"]
    assert load_network(found).sha256 == found.weights.sha256


def test_removal(tmp_path, card, home):
    register(write_network(tmp_path / "own.onnx"), card)
    assert forget("own").name == "own.test"
    assert not list(home.iterdir())
    with pytest.raises(FovealError, match="unknown-name"):
        forget("own")
    with pytest.raises(FovealError, match="built-in"):
        forget("lite0")
    register(tmp_path / "own.onnx", card)


def test_a_name_that_is_taken(tmp_path, card):
    network = write_network(tmp_path / "own.onnx")
    register(network, card)
    with pytest.raises(FovealError) as caught:
        register(network, card)
    assert caught.value.code == "name-taken"
    for old, new in (('"own"', '"lite0"'), ('"own.test"', '"efficientnet_lite2.in1k"')):
        card.write_text(CARD.replace(old, new), encoding="utf-8")
        with pytest.raises(FovealError) as caught:
            register(network, card)
        assert caught.value.code == "name-taken"


WRONG = {
    "other columns": (CARD.replace("embedding = 8", "embedding = 9"), {}, "network-mismatch", "9"),
    "another output": (CARD.replace('"features"', '"feature"'), {}, "network-mismatch", "features"),
    "another size": (CARD.replace("size_wh = [32, 32]", "size_wh = [48, 48]"), {}, "network-mismatch", "48"),
    "another layout": (CARD, {"layout": "NHWC"}, "network-mismatch", "NCHW"),
    "an unknown layout": (CARD.replace("[onnx.", '[onnx]\nlayout = "CHW"\n[onnx.'), {}, "bad-card", "CHW"),
    "an unknown field": (CARD.replace("[onnx.", '[onnx]\nlayuot = "NCHW"\n[onnx.'), {}, "bad-card", "layuot"),
    "an output of no use": (CARD + 'tap_1 = "x"\n', {}, "bad-card", "tap_1"),
    "[onnx] that is no table": (
        CARD.replace('[onnx.outputs]\nembedding = "features"\n', ""),
        {},
        "network-mismatch",
        "",
    ),
    "two inputs": (CARD, {"inputs": 2}, "network-mismatch", "one input"),
    "half precision": (CARD, {"kind": TensorProto.FLOAT16}, "network-mismatch", "float16"),
    "a batch of 4": (CARD, {"batch": 4}, "network-mismatch", "[4, 3, 32, 32]"),
    "a card that is none": ("nonsense", {}, "bad-card", ""),
}


@pytest.mark.parametrize(("text", "form", "code", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path, card, home, text, form, code, said):
    card.write_text(text, encoding="utf-8")
    network = write_network(tmp_path / "own.onnx", **form)
    error = refusal(network, card, home)
    assert error.code == code
    assert said in error.message
    assert error.message.startswith(f"{card if code == 'bad-card' else network}: ")


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x07"])
def test_a_broken_file(tmp_path, card, home, content):
    network = tmp_path / "own.onnx"
    network.write_bytes(content)
    error = refusal(network, card, home)
    assert error.code == "network-unreadable"
    assert str(network) in error.message


def test_files_that_are_not_there(tmp_path, card, home):
    assert refusal(tmp_path / "none.onnx", card, home).code == "network-unreadable"
    assert refusal(tmp_path / "none.onnx", tmp_path / "none.toml", home).code == "bad-card"


def test_a_card_whose_weights_stand_where_they_cannot_be_replaced(tmp_path, card, home):
    weights = 'weights = { builder = "", package = "", file = "x", sha256 = "0" }\n'
    card.write_text(CARD.replace("parameters = 24\n", "parameters = 24\n" + weights), encoding="utf-8")
    assert refusal(write_network(tmp_path / "own.onnx"), card, home).code == "bad-card"


def test_a_home_that_may_not_be_written(tmp_path, card, monkeypatch):
    network = write_network(tmp_path / "own.onnx")
    (tmp_path / "in the way").write_text("")
    monkeypatch.setenv("FOVEAL_HOME", str(tmp_path / "in the way"))
    with pytest.raises(FovealError) as caught:
        register(network, card)
    assert caught.value.code == "cannot-write"


def test_the_cards_record_is_kept_as_json(tmp_path, card):
    found = register(write_network(tmp_path / "own.onnx"), card)
    assert json.loads(json.dumps(found.to_dict()))["outputs"] == {"embedding": 8}
