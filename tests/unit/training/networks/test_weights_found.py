from __future__ import annotations

import sys
import types

import pytest
from tests.unit.training.networks.no_network import forbid

from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from safetensors.torch import save_file  # noqa: E402

from foveal.training.networks import bodies  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402
from foveal.training.networks.create import create  # noqa: E402
from foveal.training.networks.weights import local_file  # noqa: E402


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A machine with nothing on it, and no way out."""
    forbid(monkeypatch)
    for name, folder in {"FOVEAL_HOME": "home", "HF_HOME": "hf", "TORCH_HOME": "torch"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)


def _state(name):
    torch.manual_seed(1)
    return bodies.whole(find_spec(name), None).state_dict()


def _places(tmp_path, spec):
    hub = tmp_path / "hf" / "hub" / f"models--timm--{spec.name}" / "snapshots" / "0123"
    return {
        "kept": tmp_path / "home" / "weights" / f"{spec.name}.safetensors",
        "kept as .pth": tmp_path / "home" / "weights" / f"{spec.name}.pth",
        "hub": hub / "model.safetensors",
        "hub, older": hub / "pytorch_model.bin",
    }


def _write(path, state):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)


@pytest.mark.parametrize("place", ["kept", "kept as .pth", "hub", "hub, older"])
def test_weights_are_found_on_this_machine(tmp_path, place):
    spec = find_spec("resnet18")
    state = _state("resnet18")
    assert local_file(spec) is None
    path = _places(tmp_path, spec)[place]
    _write(path, state)
    assert local_file(spec) == path
    network = create(spec)
    assert torch.equal(network.body.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])
    assert torch.equal(network.imagenet_layer.weight, state["fc.weight"])
    assert "state_dict" not in network.body.pretrained_cfg


def test_what_the_user_kept_comes_first(tmp_path):
    spec = find_spec("resnet18")
    places = _places(tmp_path, spec)
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in places.values():
        assert local_file(spec) == path
        path.unlink()


def test_torchvision_s_weights_are_found_in_torch_s_cache(tmp_path):
    spec = find_spec("torchvision/mobilenet_v3_small")
    state = _state("torchvision/mobilenet_v3_small")
    _write(tmp_path / "torch" / "hub" / "checkpoints" / "mobilenet_v3_small-047dcff4.pth", state)
    network = create(spec)
    assert torch.equal(network.body.features[0][0].weight, state["features.0.0.weight"])


def test_the_auxiliary_classifiers_of_published_files_are_left_out(tmp_path):
    from torchvision import models

    spec = find_spec("googlenet")
    torch.manual_seed(0)
    published = models.googlenet(weights=None, aux_logits=True, init_weights=False).state_dict()
    assert any(name.startswith("aux1.") for name in published)
    _write(tmp_path / "g.safetensors", published)
    network = create(spec, weights=tmp_path / "g.safetensors")
    assert torch.equal(network.imagenet_layer.weight, published["fc.weight"])
    assert network.body.transform_input


def test_absent_weights_say_what_to_fetch_and_where_to_put_it(tmp_path):
    with pytest.raises(FovealError, match="weights-missing") as caught:
        create(find_spec("resnet50"))
    assert "https://huggingface.co/timm/resnet50.a1_in1k" in caught.value.message
    assert "foveal models pull resnet50.a1_in1k --to DIR" in caught.value.hint
    assert str(tmp_path / "home" / "weights") in caught.value.hint
    with pytest.raises(FovealError, match="weights-missing") as caught:
        create(find_spec("alexnet"))
    assert "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth" in caught.value.message


def test_a_network_that_nobody_trained_says_so():
    spec = find_spec("timm/efficientnet_b7")
    assert spec.tag == ""
    with pytest.raises(FovealError, match="weights-missing") as caught:
        create(spec)
    assert "from-scratch" in caught.value.hint


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    from foveal.training.networks import weights

    monkeypatch.setattr(weights, "weights_file", lambda card: None)
    with pytest.raises(FovealError, match="weights-missing") as caught:
        create(find_spec("lite1"))
    assert "pip install" in caught.value.hint


def test_a_named_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(FovealError, match="weights-missing") as caught:
        create(find_spec("resnet18"), weights=tmp_path / "nothing.pth")
    assert "nothing.pth" in caught.value.message


def test_a_wrong_file_says_how_many_tensors_fit(tmp_path):
    state = _state("resnet18")
    state["conv1.weight"] = torch.zeros(3, 3)
    state["surplus"] = torch.zeros(1)
    del state["layer1.0.bn1.weight"]
    _write(tmp_path / "r.safetensors", state)
    with pytest.raises(FovealError, match="weights-mismatch") as caught:
        create(find_spec("resnet18"), weights=tmp_path / "r.safetensors")
    for part in (
        "120 fit",
        "1 of another shape (conv1.weight)",
        "1 missing (layer1.0.bn1.weight)",
        "1 unknown (surplus)",
    ):
        assert part in caught.value.message


def test_the_weights_of_another_network_do_not_fit(tmp_path):
    _write(tmp_path / "r.pth", _state("mobilenet_v3_small"))
    with pytest.raises(FovealError, match="weights-mismatch") as caught:
        create(find_spec("resnet18"), weights=tmp_path / "r.pth")
    assert caught.value.message.startswith(f"{tmp_path / 'r.pth'}: expected the 122 tensors")
    kept = _places(tmp_path, find_spec("resnet18"))["kept as .pth"]
    _write(kept, _state("mobilenet_v3_small"))
    with pytest.raises(FovealError, match="weights-mismatch") as caught:
        create(find_spec("resnet18"))
    assert caught.value.message.startswith(f"{kept}: expected the 122 tensors")


def test_weights_that_are_all_nan_are_refused_and_nothing_is_fetched(tmp_path, monkeypatch):
    forbid(monkeypatch)
    save_file({"conv1.weight": torch.full((64, 3, 7, 7), torch.nan)}, tmp_path / "a.safetensors")
    with pytest.raises(FovealError, match="weights-mismatch"):
        create(find_spec("timm/resnet18"), weights=tmp_path / "a.safetensors")


def test_a_file_without_the_last_layer_gives_a_network_without_it(tmp_path):
    state = {name: value for name, value in _state("resnet18").items() if not name.startswith("fc.")}
    _write(tmp_path / "r.safetensors", state)
    network = create(find_spec("resnet18"), weights=tmp_path / "r.safetensors")
    assert network.imagenet_layer is None
    assert network.spec.classes == ""
    assert network.columns == 512
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(network(images), network.feature_map(images).mean((2, 3)), atol=1e-5)


@pytest.mark.parametrize(("name", "how"), [("vgg11", "absent"), ("torchvision/vgg11", "not a number")])
def test_a_vgg_without_its_classifier_averages_its_last_map(tmp_path, monkeypatch, name, how):
    from torch import nn

    # 130 million random numbers would be drawn for layers that are thrown away.
    monkeypatch.setattr(nn.init, "normal_", lambda tensor, *given, **named: tensor)
    spec = find_spec(name)
    state = _state(name)
    for key in [key for key in state if not key.startswith("features.")]:
        if how == "absent":
            del state[key]
        else:
            state[key] = torch.full_like(state[key], torch.nan)
    network = create(spec, weights=_keras(tmp_path, monkeypatch, state))
    assert (network.columns, network.imagenet_layer) == (512, None)
    assert len([each for stage in network.stages() for each in stage]) == 16
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        found = network.feature_map(images)
        assert tuple(found.shape) == (1, 512, 2, 3)
        assert torch.allclose(network(images), found.mean((2, 3)), atol=1e-6)


def _keras(tmp_path, monkeypatch, state):
    """A Keras file, whose reader is another module's business."""
    reader = types.ModuleType("foveal.training.keras_weights")
    reader.read = lambda path, spec: state
    monkeypatch.setitem(sys.modules, "foveal.training.keras_weights", reader)
    monkeypatch.setattr("foveal.training.keras_weights", reader, raising=False)
    (tmp_path / "vgg_notop.h5").touch()
    return tmp_path / "vgg_notop.h5"
