"""`foveal train PHOTOS --recipe from-scratch --out MODEL`: random weights, for when photos are many.

What it does: SGD with Nesterov's momentum at 0.5 for each 1,024 photos of a batch (Goyal et al., arXiv:1706.02677),
warm-up and cosine, weight decay of 5e-5 that spares norms and biases, label smoothing, random crops of 8 % of the area
and more, mirror images, a running average of the weights, and training at 6/7 of the size that is asked at. That is
what torchvision's and timm's recipes for ResNet-50 (arXiv:2110.00476) have in common, without what only pays over
hundreds of epochs. Those: `--epochs 300 --with trivial,mixup,cutmix,erasing`.
Small pictures, of at most 64 pixels a side, are shifted by up to 2 pixels instead of cropped, and mirrored in every
second epoch, for 20 epochs at 0.8 for each 1,024 photos, with ten times the decay (Page, "How to train your ResNet",
2018; Jordan, arXiv:2404.00498): `--backbone convnet32`, a network made for them.
ImageNet on eight GPUs: `torchrun --nproc-per-node 8 -m foveal train ILSVRC --recipe from-scratch --backbone resnet50
--batch 1024 --epochs 90 --out resnet50`.
Why: where ImageNet knows nothing of the matter (microscopes, radar, spectrograms), and to train ImageNet itself.
Costs: 90 epochs of ImageNet are 115 million photos: about 12 hours of one GPU that does 2,700 a second. Not run here.
Expected on ImageNet: not run here; published for ResNet-50 at 224 pixels: 76.1 % (torchvision, 90 epochs), 78.1 % (timm
A3, 100 epochs at 160 pixels), 80.9 % (torchvision, 600 epochs). With a few thousand photos far less than any
fine-tuning. Small pictures: 2,500 of CIFAR-10 with convnet32, --batch 128, 10 epochs: 67.0 % of 500 others; measured
once, on a processor in bfloat16. All 50,000 of them on a GPU: not run here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.optimiser import Group, layerwise
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.photos.augment import Augment
from foveal.training.photos.small import LARGEST
from foveal.training.recipes.full import NO_HEAD_BEFORE
from foveal.training.recipes.making import phase, sizes
from foveal.training.recipes.recipe import Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.start import Start

BATCH = 256
RATE_PER_PHOTO = 0.5 / 1024
SMALL_RATE_PER_PHOTO = 0.8 / 1024
SHIFT = 2


class FromScratch(Recipe):
    """Random weights."""

    name = "from-scratch"
    backbone = "resnet50"
    pretrained = False
    parts = ("crop", "flip", "warmup", "ema", "smoothing", "smaller")
    unfit: ClassVar = {"wise": NO_HEAD_BEFORE, "layerwise": "no layer knows anything yet that a lower rate would keep"}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network and a last layer on its embedding."""
        return Recogniser(network, classes, beginning="random")

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of all layers."""
        on = self.on(options)
        small = (options.size or min(recogniser.network.spec.preprocess.size_wh)) <= LARGEST
        # A shift shows nothing larger than it is.
        unasked = {"smaller"} - {*options.with_} if small else set()
        each_photo = SMALL_RATE_PER_PHOTO if small else RATE_PER_PHOTO
        rate = options.rate or each_photo * (options.batch or BATCH)

        def groups(each: Recogniser) -> list[Group]:
            return layerwise(each, rate=rate, decay=1.0, weight_decay=5e-4 if small else 5e-5)

        planned = phase(
            on,
            options,
            groups,
            name="all layers",
            epochs=20 if small else 90,
            batch=BATCH,
            crop=(0.08, 1.0),
            optimiser="sgd",
            warmup=0.2 if small else 0.05,
            ema=0.999,
            sizes=sizes(on - unasked, recogniser.network, options),
            norms="train",
        )
        return (replace(planned, augment=_shifted(planned.augment)) if small else planned,)


def _shifted(augment: Augment) -> Augment:
    """For small pictures: a shift in place of a crop, and mirror images in turn."""
    return replace(augment, crop=None, pad_crop=SHIFT if augment.crop else 0, alternate=augment.flip)
