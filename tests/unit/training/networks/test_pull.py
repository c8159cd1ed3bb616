from __future__ import annotations

import hashlib
import io
import json

import pytest
from tests.unit.training.networks.local_server import serving
from tests.unit.training.networks.no_network import forbid

from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from safetensors.torch import load_file, save  # noqa: E402

from foveal.training.networks import bodies, torchvision_specs  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402
from foveal.training.networks.create import create  # noqa: E402
from foveal.training.networks.pull import pull  # noqa: E402

NAME = "mobilenetv3_small_050.lamb_in1k"
TREE = f"/api/models/timm/{NAME}/tree/main"
FILE = f"/timm/{NAME}/resolve/main/model.safetensors"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A machine with no weights on it."""
    for name, folder in {"FOVEAL_HOME": "home", "FOVEAL_CACHE": "c", "HF_HOME": "hf", "TORCH_HOME": "torch"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def content():
    torch.manual_seed(3)
    return save(bodies.whole(find_spec(NAME), None).state_dict())


def _hub(content, *, oid=None):
    oid = hashlib.sha256(content).hexdigest() if oid is None else oid
    listed = [{"path": "README.md"}, {"path": "model.safetensors", "lfs": {"oid": oid}}]
    return {TREE: (200, json.dumps(listed).encode(), None), FILE: (200, content, None)}


def _left(folder):
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


def test_weights_come_from_the_hub_and_are_found_from_then_on(tmp_path, monkeypatch, content):
    told = []
    with serving(_hub(content)) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        done = pull(find_spec(NAME), tmp_path / "usb", progress=lambda *each: told.append(each))
    assert [path for path, _ in asked] == [TREE, FILE]
    assert told[-1] == (len(content), len(content))
    assert _left(tmp_path / "usb") == [f"{NAME}.json", f"{NAME}.safetensors"]
    assert done.file.read_bytes() == content
    said = json.loads((tmp_path / "usb" / f"{NAME}.json").read_text())
    assert said == done.to_dict()
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert said["verified"] == f"sha256 {said['sha256']}"
    assert said["fetched_from"] == address + FILE
    assert said["parameters"] == create(find_spec(NAME), pretrained=False).spec.parameters
    assert said["preprocess"]["size_wh"] == [224, 224]
    kept = tmp_path / "home" / "weights"
    kept.mkdir(parents=True)
    done.file.rename(kept / done.file.name)
    forbid(monkeypatch)
    network = create(find_spec(NAME))
    assert torch.equal(network.body.conv_stem.weight, load_file(kept / done.file.name)["conv_stem.weight"])


def test_without_a_folder_they_are_kept_where_they_are_found(tmp_path, monkeypatch, content):
    with serving(_hub(content)) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        done = pull(find_spec(NAME))
    assert done.file == tmp_path / "home" / "weights" / f"{NAME}.safetensors"
    forbid(monkeypatch)
    again = pull(find_spec(NAME))
    assert (again.file, again.sha256, again.source) == (done.file, done.sha256, str(done.file))


def test_a_token_goes_to_the_hub_and_not_where_it_redirects_to(tmp_path, monkeypatch, content):
    monkeypatch.setenv("HF_TOKEN", "secret")
    with serving({"/far/file": (200, content, None)}) as (far, far_asked):
        answers = _hub(content) | {FILE: (302, f"{far}/far/file".encode(), None)}
        with serving(answers) as (address, asked):
            monkeypatch.setenv("HF_ENDPOINT", address)
            pull(find_spec(NAME), tmp_path / "usb")
    assert {token for _, token in asked} == {"Bearer secret"}
    assert far_asked == [("/far/file", None)]


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        ({TREE: (404, b"", None)}, "cannot-fetch", "Not Found"),
        ({TREE: (200, b"<html>", None)}, "cannot-fetch", TREE),
        ({TREE: (200, b"[]", None)}, "cannot-fetch", "model.safetensors"),
        ({FILE: (500, b"", None)}, "cannot-fetch", FILE),
    ],
)
def test_an_answer_that_is_no_help(tmp_path, monkeypatch, content, change, code, part):
    with serving(_hub(content) | change) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(FovealError, match=code) as caught:
            pull(find_spec(NAME), tmp_path / "usb")
    assert part in caught.value.message
    assert _left(tmp_path / "usb") == []


def test_a_gated_model_says_how_to_get_in(tmp_path, monkeypatch, content):
    with serving({TREE: (403, b"", None)}) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(FovealError, match="cannot-fetch") as caught:
            pull(find_spec(NAME), tmp_path / "usb")
    assert "HF_TOKEN" in caught.value.hint


def test_a_file_that_is_cut_off_leaves_nothing(tmp_path, monkeypatch, content):
    answers = _hub(content) | {FILE: (200, content[:-1000], len(content))}
    with serving(answers) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(FovealError, match="cannot-fetch"):
            pull(find_spec(NAME), tmp_path / "usb")
    assert _left(tmp_path / "usb") == []


def test_a_file_with_another_hash_leaves_nothing(tmp_path, monkeypatch, content):
    with serving(_hub(content, oid="0" * 64)) as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(FovealError, match="weights-changed"):
            pull(find_spec(NAME), tmp_path / "usb")
    assert _left(tmp_path / "usb") == []


def test_no_network_and_no_wish_for_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FovealError, match="cannot-fetch") as caught:
        pull(find_spec(NAME), tmp_path / "usb")
    assert "--from" in caught.value.hint
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    forbid(monkeypatch)
    with pytest.raises(FovealError, match="HF_HUB_OFFLINE"):
        pull(find_spec(NAME), tmp_path / "usb")


def _checkpoint(name):
    torch.manual_seed(4)
    state = bodies.whole(find_spec(name), None).state_dict()
    file = io.BytesIO()
    torch.save(state, file)
    return state, file.getvalue()


def test_torchvision_s_file_is_checked_by_the_hash_in_its_name_and_made_safetensors(tmp_path, monkeypatch):
    name = "torchvision/mobilenet_v3_small"
    state, raw = _checkpoint(name)
    real = torchvision_specs.spec_of
    digest = hashlib.sha256(raw).hexdigest()
    for hash_in_name, fits in ((digest[:8], True), ("00000000", False)):
        path = f"/models/mobilenet_v3_small-{hash_in_name}.pth"
        with serving({path: (200, raw, None)}) as (address, _):
            moved = lambda *given, at=address + path: _at(real(*given), at)  # noqa: E731
            monkeypatch.setattr(torchvision_specs, "spec_of", moved)
            if not fits:
                with pytest.raises(FovealError, match="weights-changed"):
                    pull(find_spec(name), tmp_path / "other")
                assert _left(tmp_path / "other") == []
                continue
            done = pull(find_spec(name), tmp_path / "usb")
    assert done.verified == f"sha256 {digest[:8]}"
    kept = load_file(done.file)
    assert kept.keys() == state.keys()
    assert all(torch.equal(kept[key], value) for key, value in state.items())


def _at(spec, address):
    import dataclasses

    return dataclasses.replace(spec, source=address)


@pytest.mark.parametrize("how", ["path", "file address"])
def test_weights_come_from_a_place_the_user_names(tmp_path, content, how):
    place = tmp_path / "given.safetensors"
    place.write_bytes(content)
    done = pull(find_spec(NAME), tmp_path / "usb", source=str(place) if how == "path" else place.as_uri())
    assert done.file.read_bytes() == content
    with pytest.raises(FovealError, match="weights-mismatch") as caught:
        pull(find_spec("resnet18"), tmp_path / "other", source=str(place))
    assert caught.value.message.startswith(f"{place}: expected the 122 tensors")
    assert _left(tmp_path / "other") == []
    with pytest.raises(FovealError, match="cannot-fetch"):
        pull(find_spec(NAME), tmp_path / "usb", source=str(tmp_path / "nothing.pth"))
    with pytest.raises(FovealError, match="cannot-fetch"):
        pull(find_spec(NAME), tmp_path / "usb", source="ftp://somewhere/file.pth")


def test_what_is_in_torch_s_cache_is_checked_and_copied(tmp_path, monkeypatch):
    forbid(monkeypatch)
    spec = find_spec("torchvision/mobilenet_v3_small")
    _, raw = _checkpoint("torchvision/mobilenet_v3_small")
    cached = tmp_path / "torch" / "hub" / "checkpoints" / spec.source.rpartition("/")[2]
    cached.parent.mkdir(parents=True)
    cached.write_bytes(raw)
    # its published hash is in its name, and these are other weights
    with pytest.raises(FovealError, match="weights-changed"):
        pull(spec, tmp_path / "usb")
    assert _left(tmp_path / "usb") == []


def test_the_packaged_weights_become_safetensors(tmp_path, monkeypatch):
    forbid(monkeypatch)
    done = pull(find_spec("lite0"), tmp_path / "usb")
    assert done.verified == "sha256 on its card"
    direct, copied = create(find_spec("lite0")), create(find_spec("lite0"), weights=done.file)
    assert all(
        torch.equal(one, other)
        for one, other in zip(direct.state_dict().values(), copied.state_dict().values(), strict=True)
    )


def test_a_network_without_weights_has_nothing_to_fetch(tmp_path):
    with pytest.raises(FovealError, match="weights-missing"):
        pull(find_spec("timm/efficientnet_b7"), tmp_path)
