from __future__ import annotations

import pytest

from foveal.backbones.card import _NAME
from foveal.errors import FovealError

pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.networks import timm_specs
from foveal.training.networks.catalogue import SHORT_NAMES, count, find_spec, search

LANDMARKS = [
    "alexnet",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "googlenet",
    "inception_v3",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "mobilenet_v2",
    "mobilenet_v3",
    "efficientnet_b0",
    "efficientnet_b7",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "convnext_atto",
    "convnext_tiny",
    "convnext_base",
    "vit_tiny",
    "vit_base",
    "regnet",
    "swin",
]


@pytest.mark.parametrize("name", LANDMARKS)
def test_the_landmarks_have_short_names_and_weights(name):
    spec = find_spec(name)
    assert spec.tag
    assert spec.source
    assert spec.classes == "imagenet1k"
    assert spec.paper
    assert spec.preprocess.size_wh >= (160, 160)
    assert find_spec(spec.short_name).name == spec.name == find_spec(spec.name).name
    assert len(spec.short_name) <= len(spec.name)


@pytest.mark.parametrize(
    ("name", "library", "found"),
    [
        ("auto", "foveal", "efficientnet_lite0.in1k"),
        ("lite1", "foveal", "efficientnet_lite1.in1k"),
        ("efficientnet_lite2", "foveal", "efficientnet_lite2.in1k"),
        ("timm/efficientnet_lite0", "timm", "efficientnet_lite0.ra_in1k"),
        ("ResNet50", "timm", "resnet50.a1_in1k"),
        ("resnet50.imagenet1k_v1", "torchvision", "resnet50.imagenet1k_v1"),
        ("torchvision/resnet50", "torchvision", "resnet50.imagenet1k_v2"),
        ("alexnet", "torchvision", "alexnet.imagenet1k_v1"),
        # timm has this architecture without weights
        ("efficientnet_b7", "torchvision", "efficientnet_b7.imagenet1k_v1"),
        ("timm/efficientnet_b7", "timm", "efficientnet_b7"),
    ],
)
def test_which_library_a_name_means(name, library, found):
    spec = find_spec(name)
    assert (spec.library, spec.name) == (library, found)


def test_a_spec_holds_what_the_library_publishes():
    ours = find_spec("torchvision/resnet50")
    assert ours.published_top1 == 80.858
    assert ours.parameters == 25_557_032
    assert ours.preprocess.crop_share == pytest.approx(224 / 232)
    assert ours.source.endswith("resnet50-11ad3fa6.pth")
    theirs = find_spec("resnet50.a1_in1k")
    assert theirs.published_top1 is None
    assert theirs.licence.spdx == "Apache-2.0"
    assert theirs.preprocess.crop_share == 0.95
    assert theirs.source == "https://huggingface.co/timm/resnet50.a1_in1k"
    assert find_spec("convnext_tiny").trained_on == "ImageNet-12k, then ImageNet-1k"
    card = find_spec("lite0")
    assert (card.published_top1, card.parameters) == (75.1, 4_652_008)


def test_weights_without_a_classifier_have_no_classes():
    spec = find_spec("vgg16.imagenet1k_features")
    assert (spec.classes, spec.published_top1) == ("", None)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet500", "resnet50"),
        ("torchvision/alexnett", "alexnet"),
        ("qqqqqqqq", "--search"),
        ("tim/resnet50", "timm"),
    ],
)
def test_an_unknown_name_is_told_the_near_ones(name, hint):
    with pytest.raises(FovealError, match="unknown-name") as caught:
        find_spec(name)
    assert hint in caught.value.hint


def test_the_search_finds_every_word_and_exact_names_first():
    found = search("resnet50", most=5)
    assert {spec.architecture for spec in found} == {"resnet50"}
    assert count("resnet50") > 40
    assert {spec.library for spec in search("resnet50 torchvision")} == {"torchvision"}
    assert search("no such network") == []
    assert [spec.library for spec in search("", most=3)] == ["foveal"] * 3


def test_everything_with_weights_becomes_a_spec_with_a_name_fit_for_a_file():
    names = set()
    for spec in search("", most=10_000):
        assert _NAME.fullmatch(spec.name)
        assert spec.source
        assert spec.licence.spdx
        names.add(spec.name)
    assert len(names) == count("") > 1500


def test_short_names_stand_for_networks_that_there_are():
    for short, name in SHORT_NAMES.items():
        assert short not in timm_specs.architectures()
        assert find_spec(short) == find_spec(name)
