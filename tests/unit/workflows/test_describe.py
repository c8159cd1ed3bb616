from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import foveal
from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network
from foveal.errors import FovealError
from foveal.types.network_description import NetworkDescription
from foveal.workflows import describe as describing
from foveal.workflows.describe import open_described
from foveal.workflows.network_pictures import write_drawing, write_excited, write_feature_maps, write_kernels


@pytest.fixture(scope="module")
def model(photos: Path) -> foveal.Classifier:
    return foveal.fit(photos, effort="default", settings=foveal.Settings(runtime="onnx", precision="f32"))


@pytest.fixture(scope="module")
def model_file(model: foveal.Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("described") / "shapes.foveal")


def test_a_backbone_with_its_card() -> None:
    described = foveal.describe("lite0")
    assert isinstance(described, NetworkDescription)
    assert described.about["licence"] == "Apache-2.0"
    assert described.macs == pytest.approx(385e6, rel=0.001)
    assert described.layers == described.networks[0].layers
    assert foveal.describe("efficientnet_lite0.in1k") == described
    assert foveal.describe("imagenet") == described
    assert described.name == "EfficientNet-Lite0 (lite0)"


@pytest.mark.parametrize(
    ("title", "short_name", "said"),
    [
        ("ResNet (resnet18)", "resnet18", "ResNet (resnet18)"),
        ("ResNet (resnet18)", "resnet18.a2_in1k", "ResNet (resnet18.a2_in1k)"),
        ("ViT (DINOv2) (vit_small_dinov2)", "vit_small_dinov2", "ViT (DINOv2) (vit_small_dinov2)"),
        ("ResNet (resnet18)", "mine", "ResNet (resnet18), called mine"),
        ("AlexNet", "mine", "AlexNet (mine)"),
        ("gernet_s", "gernet_s", "gernet_s"),
    ],
)
def test_a_registered_network_is_named_once(
    monkeypatch: pytest.MonkeyPatch, title: str, short_name: str, said: str
) -> None:
    card = find("lite0")
    network = load_network(card, classifier=True)
    monkeypatch.setattr(
        describing, "find", lambda _: replace(card, title=title, name=short_name, short_name=short_name)
    )
    monkeypatch.setattr(describing, "load_network", lambda *_, **__: network)
    described = foveal.describe("any")
    assert described.name == said
    assert described.about["names"] == [short_name]


def test_a_model_with_its_head_and_its_record(model: foveal.Classifier, model_file: Path) -> None:
    described = foveal.describe(model_file)
    assert described.about["classes"] == 3
    assert described.about["fitted_on_photos"] == 36
    assert described.about["temperature"] == pytest.approx(model.temperature)
    assert described.about["file_bytes"] == model_file.stat().st_size
    assert described.about["licences"] == ["Apache-2.0"]
    assert described.about["head"]["weights"] == (described.about["head"]["columns"] + 1) * 3
    # The model learnt without the ImageNet layer, which is left out.
    assert described.macs == pytest.approx(385e6 - 1.28e6, rel=0.001)
    assert foveal.describe(model).networks == described.networks


def test_a_model_of_two_networks(photos: Path, tmp_path: Path) -> None:
    both = foveal.fit(photos, backbone="lite0,lite2", effort="low", settings=foveal.Settings(runtime="onnx"))
    described = open_described(both)
    assert [table.size_hw for table in described.description.networks] == [(224, 224), (260, 260)]
    files = write_drawing(described, tmp_path / "net.png")
    assert [file.name for file in files] == ["net-efficientnet_lite0.in1k.png", "net-efficientnet_lite2.in1k.png"]
    assert all(file.stat().st_size > 10_000 for file in files)


def test_an_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(FovealError, match="network-unreadable") as caught:
        open_described(path)
    assert caught.value.message.startswith(f"{path}: expected an ONNX network")
    path.write_bytes(load_network(find("lite0")).content)
    described = open_described(path)
    assert described.description.networks[0].convolutions == 49
    assert described.description.about == {}
    assert write_kernels(described, tmp_path / "k.png")[0].is_file()
    for refused in (
        lambda: write_feature_maps(described, tmp_path / "a.jpg", tmp_path),
        lambda: write_excited(described, tmp_path, tmp_path, channel="embedding:0"),
    ):
        with pytest.raises(FovealError) as caught:
            refused()
        assert caught.value.code in ("bad-option", "no-photos")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("lit0", "unknown-name"),
        ("none.onnx", "not-found"),
        ("none.foveal", "not-found"),
        ("imagenet:x", "unknown-name"),
    ],
)
def test_what_is_not_there_is_refused(name: str, code: str) -> None:
    with pytest.raises(FovealError) as caught:
        foveal.describe(name)
    assert caught.value.code == code


def test_feature_maps_of_a_photo(model_file: Path, photos: Path, tmp_path: Path) -> None:
    (file,) = write_feature_maps(open_described(model_file), photos / "circle" / "00.jpg", tmp_path / "new")
    assert file == tmp_path / "new" / "features.png"
    with Image.open(file) as image:
        assert image.width > 1000


def test_the_photos_that_excite_a_channel_most(model: foveal.Classifier, photos: Path, tmp_path: Path) -> None:
    found, file = write_excited(open_described(model), photos, tmp_path, channel="embedding:7")
    assert file.name == "channel-embedding-7.png"
    (excited,) = found
    everything = foveal.embed(photos, settings=foveal.Settings(runtime="onnx", precision="f32"))
    values = everything.vectors[:, 7].astype(np.float32)
    best = np.argsort(-values, kind="stable")[:8]
    assert excited.photos == tuple(everything.paths[row] for row in best)
    np.testing.assert_array_equal(excited.values, values[best])
    assert excited.mean == pytest.approx(float(values.mean()), rel=1e-5)


def test_a_classs_channels(model: foveal.Classifier, photos: Path, tmp_path: Path) -> None:
    found, file = write_excited(open_described(model), photos, tmp_path, class_name="stripes")
    assert file.name == "class-stripes.png"
    weights = [each.weight for each in found]
    assert None not in weights
    assert weights == sorted(weights, reverse=True)
    # What speaks most for stripes is excited by stripes.
    assert sum("stripes" in path for each in found for path in each.photos) > 0.6 * 8 * len(found)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"channel": "embedding"}, "bad-option", "OUTPUT:NUMBER"),
        ({"channel": "embedding:1280"}, "bad-option", "0 to 1279"),
        ({"channel": "embeding:3"}, "unknown-name", "embeding"),
        ({"channel": "lite9/embedding:3"}, "unknown-name", "lite9"),
        ({"class_name": "ring"}, "unknown-name", "ring"),
        ({}, "bad-option", "both or none"),
    ],
)
def test_channels_and_classes_that_are_not_there(
    model: foveal.Classifier, photos: Path, tmp_path: Path, options: dict[str, str], code: str, words: str
) -> None:
    with pytest.raises(FovealError) as caught:
        write_excited(open_described(model), photos, tmp_path, **options)
    assert caught.value.code == code
    assert words in caught.value.message


def test_a_backbones_narrow_tap_and_its_lack_of_classes(photos: Path, tmp_path: Path) -> None:
    found, _ = write_excited(open_described("lite0"), photos, tmp_path, channel="tap_1:3")
    assert found[0].channel == "tap_1:3"
    with pytest.raises(FovealError, match="fitted model"):
        write_excited(open_described("lite0"), photos, tmp_path, class_name="circle")
