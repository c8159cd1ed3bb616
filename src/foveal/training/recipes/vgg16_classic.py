"""`foveal train PHOTOS --recipe vgg16-classic --out MODEL`: the transfer learning of the textbooks, done right.

What it does: the convolutional base of VGG16 (Simonyan & Zisserman, arXiv:1409.1556) stands still; its last map is
flattened and goes through a dense layer of 256 with ReLU, dropout of one half and a softmax, as in Chollet, "Deep
learning with Python" (2017), section 5.3. Adam at 1e-4, batches of 20, ten epochs, a fifth of the photos held out, loss
and accuracy of both parts after each epoch.
Right means: the network's own preprocessing, once (many scripts divide by 255 and then subtract ImageNet's means of
0..255 as well); the base in evaluation mode, dropout off when measuring; no held-out photo in the training; and since
the base stands still and photos are not varied, each goes through it once, with the same result as ten times.
`--with crop,flip` varies them, and then they go through it in each epoch, as in the book's second way.
`--backbone NAME` puts the same head on any other network with a map.
Why: so that the pipeline everyone begins with can be compared with what came later, on the same photos.
Costs: 14.7 million parameters stand still and 6.4 million of the head learn; the base takes 15 billion multiply-adds a
photo, forty times those of lite0, for each photo once. The epochs afterwards are short.
Expected: not run here with VGG16, whose weights no package carries. For comparison: ten epochs of Keras with a frozen
base reached 0.894 on the validation photos of the 3,068 clothes.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.optimiser import Group, head_groups
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.recipes.head import NOTHING_TO_BEND
from foveal.training.recipes.making import StillBase, phase
from foveal.training.recipes.recipe import Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.start import Start

HIDDEN = 256
ONE_SIZE = "the dense layer fits the map of one size only"


class VggClassic(Recipe):
    """Frozen base, flattened map, dense 256, dropout, softmax."""

    name = "vgg16-classic"
    backbone = "vgg16"
    unfit: ClassVar = {
        "wise": NOTHING_TO_BEND,
        "layerwise": NOTHING_TO_BEND,
        "progressive": ONE_SIZE,
        "smaller": ONE_SIZE,
    }

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The base, still, and the textbook's head.

        Raises:
            FovealError: `no-feature-map`: a network without one.
        """
        neck = nn.Sequential(nn.Flatten(), nn.Linear(_flat_columns(network, options), HIDDEN), nn.ReLU())
        # As Keras begins its dense layers, Glorot & Bengio (AISTATS 2010).
        nn.init.xavier_uniform_(neck[1].weight)
        nn.init.zeros_(neck[1].bias)
        return StillBase(network, classes, neck=neck, columns=HIDDEN, dropout=0.5, uses_map=True)

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of the head alone."""

        def groups(each: Recogniser) -> list[Group]:
            return head_groups(each, rate=options.rate or 1e-4, weight_decay=0.0)

        return (
            phase(
                self.on(options), options, groups, name="head", epochs=10, batch=20, optimiser="adam", norms="frozen"
            ),
        )


@torch.no_grad()  # type: ignore[misc, untyped-decorator, unused-ignore]  # torch is not looked into
def _flat_columns(network: TorchNetwork, options: Options) -> int:
    """Numbers in the last map of one photo."""
    width, height = (options.size, options.size) if options.size else network.spec.preprocess.size_wh
    like = next(network.parameters())
    black = torch.zeros(1, 3, height, width, device=like.device, dtype=like.dtype)
    return int(network.eval().feature_map(black)[0].numel())
