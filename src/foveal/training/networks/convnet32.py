"""A plain convolutional network for pictures of about 32 pixels, made to learn quickly from random weights.

Three stages of two 3×3 convolutions with batch norms and GELU behind a fixed first layer, in the proportions of
Jordan's airbench94 ("94 % on CIFAR-10 in 3.29 seconds on a single GPU", 2024, arXiv:2404.00498), which whitens patches
of 2×2 pixels with the principal axes of the photos to come. Here the axes are those of natural pictures at large, so
that the network is the same whatever it is going to learn: of 2×2 pixels the mean and three differences (Haar), of
colours the brightness and two opponents (Ruderman et al., "Statistics of cone responses to natural images", JOSA A
1998).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from foveal.backbones.card import Licence
from foveal.imaging.preprocess import Preprocess
from foveal.training.networks.spec import Spec

NAME = "convnet32"
SIZE = 32
_WIDTHS = (64, 256, 256)
# Of photos of CIFAR-10, whose means and deviations these are as everybody uses them.
_MEAN, _STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)

_HAAR = ((1, 1, 1, 1), (1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1))
_COLOURS = ((1, 1, 1), (1, 0, -1), (1, -2, 1))
# Standard deviation of what each pair of these answers to natural pictures, by 3,000 of them: rows as in _HAAR, columns
# as in _COLOURS, both axes of length one.
_SPREAD = ((3.150, 0.871, 0.424), (0.634, 0.077, 0.048), (0.583, 0.063, 0.042), (0.234, 0.015, 0.012))
# What is quieter than this is noise, and is not made as loud as the rest.
_NOISE = 0.022
# A last layer that is spoken to quietly learns no faster than the others at the same rate (Page, "How to train your
# ResNet", 2018).
_QUIETER = 1 / 8
# Batch norms that forget quickly: few steps are all there are, and the weights are averaged anyway.
_MOMENTUM = 0.4


def spec() -> Spec:
    """What is known of the network."""
    return Spec(
        library="foveal",
        architecture=NAME,
        tag="",
        short_name=NAME,
        title="ConvNet-32",
        paper="Jordan, 94 % on CIFAR-10 in 3.29 seconds on a single GPU, arXiv:2404.00498 (much changed)",
        trained_on="",
        licence=Licence(spdx="Apache-2.0"),
        published_top1=None,
        parameters=0,
        preprocess=Preprocess(size_wh=(SIZE, SIZE), mode="balance", mean=_MEAN, std=_STD),
        classes="",
        source="",
    )


class ConvNet32(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Pictures [N, 3, H, W], normalised, of 16 pixels a side and more, to [N, 256]; ten classes with its last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Opponents(), nn.GELU())
        columns = (2 * len(_HAAR) * len(_COLOURS), *_WIDTHS)
        self.stages = nn.Sequential(*(_stage(*each) for each in zip(columns, _WIDTHS, strict=False)))
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.head = nn.Linear(_WIDTHS[-1], 10)

    def forward(self, images: Tensor) -> Tensor:
        """Logits, or what `head` was replaced by gives."""
        pooled = self.pool(self.stages(self.stem(images))).flatten(1)
        logits: Tensor = self.head(pooled * _QUIETER)
        return logits

    def get_classifier(self) -> nn.Module:
        """The last layer, as timm's networks tell it."""
        return self.head


class Opponents(nn.Module):  # type: ignore[misc]  # torch is not looked into
    """What pairs of a difference of 2×2 pixels and of colours say, to both sides, all equally loud; with a bias."""

    def __init__(self) -> None:
        super().__init__()
        filters = []
        for haar, spreads in zip(_HAAR, _SPREAD, strict=True):
            for colour, spread in zip(_COLOURS, spreads, strict=True):
                length = math.sqrt(sum(value**2 for value in colour)) * 2 * math.hypot(spread, _NOISE)
                filters.append([[[c * h / length for h in pair] for pair in (haar[:2], haar[2:])] for c in colour])
        whitening = torch.tensor(filters)
        # A buffer, since these are never trained.
        self.register_buffer("filters", torch.cat([whitening, -whitening]))
        self.bias = nn.Parameter(torch.zeros(len(self.filters)))

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] to [N, 24, H - 1, W - 1]."""
        return functional.conv2d(images, self.filters, self.bias)


def _stage(columns: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        _conv(columns, width), nn.MaxPool2d(2), _norm(width), nn.GELU(), _conv(width, width), _norm(width), nn.GELU()
    )


def _conv(columns: int, width: int) -> nn.Conv2d:
    layer = nn.Conv2d(columns, width, 3, padding=1, bias=False)
    # The first of its outputs are its inputs, unchanged, at the start (Zagoruyko & Komodakis, arXiv:1706.00388).
    nn.init.dirac_(layer.weight[:columns])
    return layer


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, momentum=_MOMENTUM)
