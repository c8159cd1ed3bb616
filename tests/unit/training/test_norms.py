from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
timm = pytest.importorskip("timm", reason="the extra `train` is not installed")

import torchvision  # noqa: E402
from torch import nn  # noqa: E402

from foveal.training.norms import batch_norms, fold_norms, freeze_norms  # noqa: E402


def lived(network: nn.Module) -> nn.Module:
    """Statistics, scales and shifts as after a training."""
    numbers = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _, norm in batch_norms(network):
            norm.running_mean.normal_(0, 0.1, generator=numbers)
            norm.running_var.uniform_(0.5, 2, generator=numbers)
            if norm.affine:
                norm.weight.uniform_(0.5, 1.5, generator=numbers)
                norm.bias.normal_(0, 0.1, generator=numbers)
    return network.eval()


def photos(side: int = 64) -> torch.Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def chain(*layers: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return lived(nn.Sequential(*layers))


# Network, and how many of its batch norms do not stand behind a convolution.
NETWORKS = [
    (lambda: timm.create_model("tf_efficientnet_lite0"), 0),
    (lambda: timm.create_model("resnet18"), 0),
    (lambda: timm.create_model("mobilenetv3_small_050"), 0),
    (lambda: timm.create_model("repvgg_a0"), 17),  # the branches that do nothing but normalise
    (lambda: torchvision.models.mobilenet_v2(weights=None), 0),
    (lambda: torchvision.models.shufflenet_v2_x0_5(weights=None), 0),
    (lambda: torchvision.models.densenet121(weights=None), 62),  # those before a convolution
    (lambda: timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2), 0),
]
NAMES = ["lite0", "resnet18", "mobilenetv3", "repvgg", "mobilenet_v2", "shufflenet", "densenet", "vit"]


@pytest.mark.parametrize(("make", "left"), NETWORKS, ids=NAMES)
def test_folded_networks_say_the_same(make, left):
    torch.manual_seed(0)
    network = lived(make())
    there = len(list(batch_norms(network)))
    with torch.no_grad():
        before = network(photos())
        folded = fold_norms(network, photos())
        after = network(photos())
    assert (folded.folded, len(folded.left)) == (there - left, left)
    assert list(folded.left) == [name for name, _ in batch_norms(network)]
    assert float((after - before).abs().max()) <= 1e-5 * float(before.abs().max())


def test_photos_that_were_not_tried_come_out_the_same_too():
    network = lived(timm.create_model("resnet18"))
    whole = copy.deepcopy(network)
    fold_norms(network, photos())
    others = torch.randn(3, 3, 96, 80)
    with torch.no_grad():
        assert torch.allclose(network(others), whole(others), atol=1e-5)


def test_by_hand():
    """(2x + 1 − 3) / √(4 + 0) · 5 + 7 = 5x + 2."""
    conv, norm = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=0)
    for value, number in ((conv.weight, 2), (conv.bias, 1), (norm.running_mean, 3), (norm.running_var, 4)):
        nn.init.constant_(value, number)
    nn.init.constant_(norm.weight, 5)
    nn.init.constant_(norm.bias, 7)
    module = nn.Sequential(conv, norm)
    assert str(fold_norms(module, torch.randn(1, 1, 2, 2))) == (
        "1 normalisation layers folded into the convolutions before them"
    )
    assert (conv.weight.item(), conv.bias.item()) == (5, 2)


def test_gradients_are_those_of_frozen_statistics():
    whole = chain(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    folded = copy.deepcopy(whole)
    fold_norms(folded, photos(8))
    folded.train()
    images = photos(8).requires_grad_()
    slopes = [torch.autograd.grad(each(images).square().sum(), images)[0] for each in (whole, folded)]
    assert torch.allclose(*slopes, rtol=1e-4, atol=1e-5)
    assert folded[0].bias.requires_grad


def test_a_layer_called_alone_in_two_orders_of_memory():
    module = chain(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    fold_norms(module, photos(8))
    assert module[0].weight.is_contiguous(memory_format=torch.channels_last)


class Twice(nn.Module):
    """The output of the convolution goes two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        seen = self.conv(images)
        return self.norm(seen) + seen


class Shared(Twice):
    """The convolution runs twice, the norm once."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(images)) + self.conv(images * 2)


class InPlace(Twice):
    """What the norm gets is the convolution's tensor, and no longer its values."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(torch.relu_(self.conv(images)))


class Standardised(nn.Conv2d):
    """What is in the weights is not what it multiplies by."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(images, self.weight / self.weight.std(), self.bias)


@pytest.mark.parametrize(
    "make",
    [
        Twice,
        Shared,
        InPlace,
        lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
        lambda: nn.Sequential(Standardised(3, 4, 3), nn.BatchNorm2d(4)),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
    ],
    ids=["used twice", "run twice", "changed in place", "norm first", "relu between", "other weights", "no statistics"],
)
def test_what_cannot_be_folded_stays(make):
    torch.manual_seed(0)
    module = make().eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert fold_norms(module, photos(8)).folded == 0
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_fold_that_would_move_the_output_is_undone():
    class Weighed(nn.Module):
        """Adds what is in the convolution's weights, which a fold changes."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.norm(self.conv(images)) + self.conv.weight.sum()

    module = lived(Weighed())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    folded = fold_norms(module, photos(8))
    assert (folded.folded, folded.left) == (0, ("norm",))
    assert str(folded).endswith(", 1 left in place")
    assert before.keys() == module.state_dict().keys()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_modes_stay_as_they_were():
    module = chain(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    module.train()
    module[2].eval()
    fold_norms(module, photos(8))
    assert (module[0].training, module[2].training) == (True, False)


@pytest.mark.parametrize("affine", [True, False])
def test_frozen_norms_keep_their_statistics(affine):
    module = chain(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), timm.layers.BatchNormAct2d(4), nn.GroupNorm(2, 4))
    before = module[1].running_mean.clone()
    module.train()
    assert freeze_norms(module, affine=affine) == 2
    module(photos(8)).sum().backward()
    assert torch.equal(module[1].running_mean, before)
    assert module[1].weight.requires_grad is module[2].bias.requires_grad is not affine
    assert module[3].training
    assert module[3].weight.requires_grad
