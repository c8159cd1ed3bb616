from __future__ import annotations

import copy

import pytest

from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.networks import bodies  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402
from foveal.training.networks.create import create  # noqa: E402
from foveal.training.networks.torch_network import TorchNetwork  # noqa: E402

# Name, columns of the embedding, of the last map (None: tokens), and of the taps.
NETWORKS = [
    ("resnet18", 512, (512, 7, 7), (64, 64, 128, 256)),
    ("resnet50", 2048, (2048, 7, 7), (64, 256, 512, 1024)),
    ("googlenet", 1024, (1024, 7, 7), (64, 192, 480, 832)),
    ("inception_v3", 2048, (2048, 8, 8), (32, 64, 80, 192, 288, 768)),
    ("torchvision/inception_v3", 2048, (2048, 8, 8), (32, 64, 80, 192, 288, 768)),
    ("densenet121", 1024, (1024, 7, 7), (64, 256, 512, 1024)),
    ("torchvision/densenet121", 1024, (1024, 7, 7), (64, 256, 512, 1024)),
    ("mobilenet_v3_small", 1024, (576, 7, 7), (16, 16, 24, 48, 576)),
    ("convnext_atto", 320, (320, 7, 7), (40, 80, 160)),
    ("vit_tiny", 192, None, (192, 192, 192, 192)),
    ("torchvision/swin_t", 768, (768, 7, 7), (96, 192, 384)),
    ("efficientnet_lite0", 1280, (1280, 7, 7), (16, 24, 40, 80, 112, 192, 320)),
]
LARGE = [
    ("vgg11_bn", 4096, (512, 7, 7), (64, 128, 256, 512, 512, 512)),
    ("vgg16", 4096, (512, 7, 7), (64, 128, 256, 512, 512, 512)),
    ("torchvision/vgg16", 4096, (512, 7, 7), (64, 128, 256, 512, 512, 512)),
    ("alexnet", 4096, (256, 6, 6), (64, 192, 256, 256)),
    ("torchvision/vit_b_32", 768, None, (768, 768, 768, 768)),
]


def _images(spec, photos=1):
    width, height = spec.preprocess.size_wh
    return torch.randn(photos, 3, height, width, generator=torch.Generator().manual_seed(0))


def _check_shapes(network, images, columns, last_map, taps):
    found = network.outputs(images)
    assert {name: values.shape[1] for name, values in found.items()} == network.output_columns
    assert network.output_columns == {
        **{f"tap_{number}": wide for number, wide in enumerate(taps, start=1)},
        "embedding": columns,
        "logits": 1000,
    }
    assert network.columns == columns
    if last_map is None:
        with pytest.raises(FovealError, match="no-feature-map"):
            network.feature_map(images)
    else:
        assert tuple(network.feature_map(images).shape[1:]) == last_map
    return found


def _check_stages(network):
    listed = [id(parameter) for stage in network.stages() for parameter in stage]
    assert sorted(listed) == sorted(id(parameter) for parameter in network.body.parameters())
    names = {id(parameter): name for name, parameter in network.body.named_parameters()}
    return [[names[id(parameter)] for parameter in stage] for stage in network.stages()]


@pytest.mark.parametrize(("name", "columns", "last_map", "taps"), NETWORKS)
@torch.no_grad()
def test_a_network_is_its_library_s_module_in_parts(name, columns, last_map, taps):
    spec = find_spec(name)
    whole = bodies.whole(spec, None).eval()
    network = create(spec, pretrained=False)
    network.body.load_state_dict(whole.state_dict(), strict=False)
    last = {key: value for key, value in whole.state_dict().items() if key not in network.body.state_dict()}
    assert len(last) == 2
    network.imagenet_layer.load_state_dict({key.rpartition(".")[2]: value for key, value in last.items()})
    images = _images(spec)
    expected = whole(images)
    assert isinstance(expected, torch.Tensor)
    found = _check_shapes(network, images, columns, last_map, taps)
    assert torch.equal(found["logits"], expected)
    assert torch.equal(found["embedding"], network(images))
    assert all(torch.isfinite(values).all() for values in found.values())
    assert network.spec.parameters == sum(each.numel() for each in whole.parameters())
    assert len(_check_stages(network)) >= 4


@pytest.mark.parametrize(("name", "columns", "last_map", "taps"), LARGE)
@torch.no_grad()
def test_the_shapes_of_a_large_network(name, columns, last_map, taps):
    spec = find_spec(name)
    with torch.device("meta"):
        network = create(spec, pretrained=False)
        _check_shapes(network, torch.empty(2, 3, 224, 224), columns, last_map, taps)
    assert len(_check_stages(network)) >= 4


def test_stages_run_first_to_last():
    stages = _check_stages(create(find_spec("resnet18"), pretrained=False))
    assert stages[0] == ["conv1.weight", "bn1.weight", "bn1.bias"]
    assert [{name.partition(".")[0] for name in stage} for stage in stages[1:]] == [
        {"layer1"},
        {"layer2"},
        {"layer3"},
        {"layer4"},
    ]
    stages = _check_stages(create(find_spec("vit_tiny"), pretrained=False))
    assert {"cls_token", "pos_embed", "patch_embed.proj.weight", "blocks.2.norm1.weight"} <= {*stages[0]}
    assert stages[-1] == ["norm.weight", "norm.bias"]


def test_a_parameter_that_came_later_belongs_to_the_stage_of_its_module():
    network = create(find_spec("resnet18"), pretrained=False)
    block = network.body.layer2[0]
    block.conv1.bias = torch.nn.Parameter(torch.zeros(128))
    block.bn1 = torch.nn.Identity()
    stages = _check_stages(network)
    assert "layer2.0.conv1.bias" in stages[2]
    assert not any("layer2.0.bn1" in name for name in stages[2])


def test_the_taps_are_means_of_what_their_modules_give():
    network = create(find_spec("resnet18"), pretrained=False)
    kept = {}
    network.body.layer2.register_forward_hook(lambda module, inputs, output: kept.update(layer2=output.mean((2, 3))))
    images = _images(network.spec)
    with torch.no_grad():
        assert torch.equal(network.outputs(images)["tap_3"], kept["layer2"])
        embedding = network.feature_map(images).mean((2, 3))
        assert torch.allclose(embedding, network(images), atol=1e-6)


def test_a_copy_looks_at_itself():
    network = create(find_spec("resnet18"), pretrained=False)
    images = _images(network.spec)
    with torch.no_grad():
        before = network.outputs(images)
        other = copy.deepcopy(network)
        for parameter in other.body.parameters():
            parameter.mul_(0.5)
        assert not torch.equal(other.outputs(images)["tap_2"], before["tap_2"])
        assert torch.equal(network.outputs(images)["tap_2"], before["tap_2"])


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "vit_tiny", "googlenet"])
def test_every_parameter_but_the_imagenet_layer_s_is_trained(name):
    spec = find_spec(name)
    network = create(spec, pretrained=False).train()
    found = network.outputs(_images(spec, 2))
    sum(values.square().mean() for key, values in found.items() if key != "logits").backward()
    assert all(parameter.grad is not None for stage in network.stages() for parameter in stage)
    assert not any(parameter.requires_grad for parameter in network.imagenet_layer.parameters())


def test_a_network_of_other_classes_has_no_imagenet_layer():
    spec = find_spec("vit_tiny_patch16_224.augreg_in21k")
    network = create(spec, pretrained=False)
    assert network.imagenet_layer is None
    assert network.columns == 192
    assert "logits" not in network.output_columns


def test_squeezenet_ends_in_a_convolution():
    network = create(find_spec("torchvision/squeezenet1_1"), pretrained=False)
    assert isinstance(network, TorchNetwork)
    assert network.imagenet_layer is None
    with torch.no_grad():
        images = _images(network.spec)
        assert torch.allclose(network(images), network.feature_map(images).mean((2, 3)), atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "timm/coat_tiny",  # branches of several sizes
        "timm/crossvit_tiny_240",  # two networks side by side, two classifiers
        "timm/hrnet_w18_small",
        "timm/levit_128s",  # a norm before its classifier
        "timm/mvitv2_tiny",  # its stages give a size beside the tokens
        "timm/resnetv2_50x1_bit",  # its classifier is a convolution
        "timm/tnt_s_patch16_224",  # looks at every patch as at a photo
        "timm/volo_d1_224",  # adds a second opinion to its logits
    ],
)
@torch.no_grad()
def test_networks_of_other_shapes(name):
    with torch.device("meta"):
        network = create(find_spec(name), pretrained=False)
        width, height = network.spec.preprocess.size_wh
        found = network.outputs(torch.empty(2, 3, height, width))
    assert {key: tuple(values.shape) for key, values in found.items()} == {
        key: (2, columns) for key, columns in network.output_columns.items()
    }
    assert len(_check_stages(network)) >= 2
