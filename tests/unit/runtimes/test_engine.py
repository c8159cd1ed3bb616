from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tiny_network import images, tiny_network

from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network
from foveal.backbones.quantise import quantise
from foveal.errors import FovealError
from foveal.imaging.decode import read_image
from foveal.runtimes import PRECISIONS, RUNTIMES
from foveal.runtimes.choose import COSINE_BUDGET
from foveal.runtimes.engine import Choice, EnginePool, load_engine, threads
from foveal.runtimes.openvino import has_bf16

TINY = tiny_network()


@pytest.fixture(scope="module")
def lite0():
    return load_network(find("lite0"))


@pytest.fixture(scope="module")
def inputs(photos):
    preprocess = find("lite0").preprocess
    return [preprocess.apply(read_image(path)) for path in sorted(photos.rglob("*.jpg"))[::3]]


def outputs_of(choice, content, photos, *, names=("embedding",), parallel=1):
    engine = load_engine(choice, content, names, parallel=parallel)
    return np.stack([np.concatenate(engine.run(photo)) for photo in photos])


def mean_cosine_distance(found, exact):
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(exact, axis=1)
    return float(np.mean(1 - (found * exact).sum(axis=1) / lengths))


def test_both_runtimes_agree(lite0, inputs):
    names = tuple(lite0.outputs)
    exact = outputs_of(Choice("onnx", "f32"), lite0.content, inputs, names=names)
    found = outputs_of(Choice("openvino", "f32"), lite0.content, inputs, names=names)
    assert exact.shape == (len(inputs), sum(lite0.outputs.values()))
    np.testing.assert_allclose(found, exact, atol=1e-4)


def test_bf16_is_within_the_budget(lite0, inputs):
    if not has_bf16():
        pytest.skip("this processor has no bf16")
    exact = outputs_of(Choice("onnx", "f32"), lite0.content, inputs)
    found = outputs_of(Choice("openvino", "bf16"), lite0.content, inputs)
    assert 0 < mean_cosine_distance(found, exact) < COSINE_BUDGET


@pytest.mark.photos
def test_int8_is_within_the_budget_on_photos(shared, lite0):
    card = find("lite0")
    files = sorted((shared / "imagenet_samples").glob("*.JPEG"))[::9]
    photos = [card.preprocess.apply(read_image(path, min_side=240)) for path in files]
    content = quantise(lite0.content, photos[:16])
    assert len(content) < 0.4 * len(lite0.content)
    exact = outputs_of(Choice("onnx", "f32"), lite0.content, photos[16:])
    for runtime in RUNTIMES:
        found = outputs_of(Choice(runtime, "int8"), content, photos[16:])
        assert 0 < mean_cosine_distance(found, exact) < COSINE_BUDGET, runtime


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_quantised_network_has_the_same_outputs(runtime):
    photos = images(12)
    content = quantise(TINY.content, photos)
    exact = outputs_of(Choice(runtime, "f32"), TINY.content, photos, names=("embedding", "tap_1"))
    found = outputs_of(Choice(runtime, "int8"), content, photos, names=("embedding", "tap_1"))
    assert found.shape == exact.shape == (12, 24)
    assert mean_cosine_distance(found, exact) < COSINE_BUDGET


@pytest.mark.parametrize(
    "choice", [Choice("onnx", "f32"), Choice("openvino", "f32"), Choice("openvino", "bf16")], ids=str
)
def test_no_answer_depends_on_threads_or_neighbours(lite0, inputs, choice):
    if choice.precision == "bf16" and not has_bf16():
        pytest.skip("this processor has no bf16")
    alone = outputs_of(choice, lite0.content, inputs)
    engine = load_engine(choice, lite0.content, ["embedding"], parallel=4)
    with ThreadPoolExecutor(4) as pool:
        for order in (range(len(inputs)), reversed(range(len(inputs))), [0] * 8 + [3] * 8):
            chosen = list(order)
            found = list(pool.map(engine.run, [inputs[index] for index in chosen]))
            for index, (values,) in zip(chosen, found, strict=True):
                np.testing.assert_array_equal(values, alone[index])


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_outputs_come_in_the_order_asked_for_and_are_ones_own(runtime):
    first, second = images(2)
    engine = load_engine(Choice(runtime, "f32"), TINY.content, ["tap_1", "embedding"], parallel=1)
    tap, embedding = engine.run(first)
    assert (tap.shape, embedding.shape) == ((8,), (16,))
    assert tap.dtype == embedding.dtype == np.float32
    kept = embedding.copy()
    assert np.abs(engine.run(second)[1] - kept).max() > 0
    np.testing.assert_array_equal(embedding, kept)
    embedding[:] = 0
    np.testing.assert_array_equal(engine.run(first)[1], kept)
    np.testing.assert_array_equal(first, images(2)[0])


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("content", [b"", b"not a network", TINY.content[: len(TINY.content) // 2]], ids=len)
def test_an_unreadable_network(runtime, content):
    with pytest.raises(FovealError) as caught:
        load_engine(Choice(runtime, "f32"), content, ["embedding"], parallel=1)
    assert caught.value.code == "network-unreadable"
    assert runtime in caught.value.message


@pytest.mark.parametrize("runtime", ["openvino"])
def test_an_output_that_is_not_there(runtime):
    with pytest.raises(FovealError) as caught:
        load_engine(Choice(runtime, "f32"), TINY.content, ["logits"], parallel=1)
    assert caught.value.code == "network-unreadable"


def test_unknown_names():
    with pytest.raises(FovealError) as caught:
        load_engine(Choice("openvine", "f32"), TINY.content, ["embedding"], parallel=1)
    assert caught.value.code == "unknown-name"
    assert "openvino" in caught.value.hint


def test_what_a_runtime_does_not_have():
    with pytest.raises(FovealError) as caught:
        load_engine(Choice("onnx", "bf16"), TINY.content, ["embedding"], parallel=1)
    assert "bf16" in caught.value.message


def test_a_runtime_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(FovealError) as caught:
        load_engine(Choice("onnx", "f32"), TINY.content, ["embedding"], parallel=1)
    assert caught.value.code == "runtime-missing"


def test_a_network_is_loaded_once(monkeypatch):
    pool = EnginePool()
    other = tiny_network(1)
    with ThreadPoolExecutor(4) as threads_:
        engines = list(
            threads_.map(
                lambda _: pool.get(Choice("onnx", "f32"), TINY.content, TINY.sha256, ("embedding",)), range(16)
            )
        )
    assert len(set(map(id, engines))) == 1
    assert pool.get(Choice("onnx", "f32"), other.content, other.sha256, ("embedding",)) is not engines[0]
    assert pool.get(Choice("openvino", "f32"), TINY.content, TINY.sha256, ("embedding",)) is not engines[0]
    assert pool.get(Choice("onnx", "f32"), TINY.content, TINY.sha256, ("tap_1",)) is not engines[0]


def test_threads(monkeypatch):
    monkeypatch.delenv("FOVEAL_THREADS", raising=False)
    assert 1 <= threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv("FOVEAL_THREADS", "3")
    assert threads() == 3
    for wrong in ("0", "-1", "two", "", "1.5"):
        monkeypatch.setenv("FOVEAL_THREADS", wrong)
        with pytest.raises(FovealError) as caught:
            threads()
        assert caught.value.code == "bad-option"
        assert "FOVEAL_THREADS" in caught.value.message


def test_openvino_comes_without_its_converter_and_telemetry():
    code = """
import sys
from foveal.runtimes.openvino import has_bf16, import_openvino
openvino = import_openvino()
has_bf16()
assert openvino.Core().available_devices
assert import_openvino() is openvino is sys.modules["openvino"]
loaded = [name for name in sys.modules if name.startswith(("openvino_telemetry", "openvino.tools.ovc"))]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_names_are_written_as_the_command_line_takes_them():
    assert str(Choice("openvino", "int8")) == "openvino/int8"
    assert PRECISIONS == ("f32", "bf16", "int8")
