"""`foveal train PHOTOS --recipe norm-only --out MODEL`: scales and shifts of the normalisation layers, and the head.

What it does: every feature of the network may become louder or softer and move up or down, and nothing else changes
(Frankle, Schwab & Morcos, "Training BatchNorm and only BatchNorm", arXiv:2003.00152). The statistics stay as they are.
Begins from the core's probe.
Why: one or two in a hundred of the parameters of most networks, so many fine-tunings of one network fit beside it, and
a few hundred photos cannot overfit much.
Costs: the gradient has to pass all layers, so it takes nearly as long as training them all.
Expected: between `head` and `linear-then-full`; not run here on a large set.
Measured with 300 photos of clothes, lite0 at 160 pixels and three epochs (186 others, log-loss): 0.571 with the probe,
0.569 at the end and 0.557 half way between; accuracy 0.817 before and after.
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
from foveal.training.tuning.trainable import norm_parameters

ONE_RATE = "so few numbers of a layer learn that all layers have one rate"


class NormOnly(Recipe):
    """Normalisation layers and the head."""

    name = "norm-only"
    rooted = True
    parts = ("crop", "flip", "warmup", "clip", "ema", "smaller", "wise")
    unfit: ClassVar = {"layerwise": ONE_RATE}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network and the core's head."""
        return rooted(network, classes, start, kind=StillBase)

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of the normalisation layers and the head."""
        on = self.on(options)

        def groups(each: Recogniser) -> list[Group]:
            rate = options.rate or 1e-3
            norms = list(norm_parameters(each.network))
            return [
                {"name": "normalisation", "params": norms, "rate": rate, "weight_decay": 0.0},
                *head_groups(each, rate=rate / 10, weight_decay=0.01),
            ]

        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="normalisation", epochs=4, sizes=seen, norms="frozen"),)
