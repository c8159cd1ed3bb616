"""`foveal train PHOTOS --recipe head --out MODEL`: only the last layer learns, the network stands still.

What it does: the layer begins as the core's probe and is trained on by AdamW. Without augmentation each photo goes
through the network once, and the epochs run on what it said of it; with augmentation (`--with crop,flip,trivial`) each
photo goes through the network in each epoch, in a new form each time, which a probe cannot learn from.
Why: the cheapest training there is, and the yardstick for all others. Without augmentation `foveal fit` does as well in
a fraction of the time.
Costs: a look at every photo (20 seconds for 3,409 on two cores with lite0), then seconds; with augmentation that look,
and the decoding of crops, in every epoch.
Expected: the accuracy of the probe it begins with, give or take a photo; not run here on a large set.
"""

from __future__ import annotations

from typing import ClassVar

from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.optimiser import Group, head_groups
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.recipes.making import StillBase, phase, rooted, sizes
from foveal.training.recipes.recipe import Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.start import Start

NOTHING_TO_BEND = "the network does not change, there is nothing to go back to or to slow down"


class Head(Recipe):
    """Only the last layer learns."""

    name = "head"
    rooted = True
    parts = ("warmup", "clip", "ema")
    unfit: ClassVar = {"wise": NOTHING_TO_BEND, "layerwise": NOTHING_TO_BEND}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network, still, and the core's head."""
        return rooted(network, classes, start, kind=StillBase)

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of the last layer alone."""

        def groups(each: Recogniser) -> list[Group]:
            return head_groups(each, rate=options.rate or 1e-4, weight_decay=0.01)

        on = self.on(options)
        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="head", epochs=5, sizes=seen, norms="frozen"),)
