from __future__ import annotations

from dataclasses import replace

import pytest

from foveal.backbones.network import Network
from foveal.errors import FovealError
from foveal.features.settings import Settings
from foveal.features.view import View
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice
from foveal.workflows.views import EFFORTS, candidates, cards_for, effort_named, noise, usable_here


def _view(name: str = "one", precision: str = "f32") -> View:
    network = Network.of(name.encode(), {"tap": 2, "embedding": 4})
    preprocess = Preprocess(size_wh=(8, 6), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    return View(name, network, preprocess, ("tap", "embedding"), Choice("openvino", precision))


def test_few_photos_try_the_embedding_alone_first() -> None:
    view = _view()
    sets = candidates([view], 100)
    assert list(sets) == ["one, embedding only", "one"]
    assert sets["one, embedding only"] == (view.only("embedding"),)
    assert list(candidates([view], 10_000)) == ["one"]


def test_the_mirrored_view_is_a_candidate_of_its_own() -> None:
    one, two = _view(), _view("two")
    sets = candidates([one, one.mirror(), two], 10_000)
    assert sets == {"one + two": (one, two), "one + two, mirrored too": (one, one.mirror(), two)}


def test_auto_is_what_the_effort_says_and_names_may_be_listed() -> None:
    assert [card.short_name for card in cards_for("auto", EFFORTS["low"])] == ["lite0"]
    assert [card.short_name for card in cards_for("auto", EFFORTS["high"])] == ["lite0", "lite2"]
    assert [card.short_name for card in cards_for("lite2, lite0,lite2", EFFORTS["low"])] == ["lite2", "lite0"]


def test_an_unknown_effort_lists_the_near_ones() -> None:
    with pytest.raises(FovealError, match="'hihg'") as caught:
        effort_named("hihg")
    assert "high" in caught.value.hint


def test_int8_is_a_property_of_the_file() -> None:
    stored = _view(precision="int8")
    assert usable_here(stored, Settings()) == stored
    for view, wanted in ((stored, "f32"), (_view(), "int8")):
        with pytest.raises(FovealError, match="--precision") as caught:
            usable_here(view, Settings(precision=wanted))
        assert caught.value.code == "bad-option"


def test_bf16_becomes_f32_where_the_processor_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = _view(precision="bf16")
    monkeypatch.setattr("foveal.runtimes.openvino.has_bf16", lambda: False)
    assert usable_here(stored, Settings()).choice == Choice("openvino", "f32")
    assert usable_here(stored, Settings(precision="bf16")).choice == Choice("openvino", "bf16")
    monkeypatch.setattr("foveal.runtimes.openvino.has_bf16", lambda: True)
    assert usable_here(stored, Settings()) == stored
    assert usable_here(stored, Settings(runtime="onnx")).choice == Choice("onnx", "f32")


def test_noise_has_the_size_of_the_input_and_is_always_the_same() -> None:
    preprocess = replace(_view().preprocess, size_wh=(5, 7))
    assert noise(preprocess).shape == (7, 5, 3)
    assert (noise(preprocess) == noise(preprocess)).all()
