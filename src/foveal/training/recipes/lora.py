"""`foveal train PHOTOS --recipe lora --out MODEL`: narrow changes of every layer, added to the weights at the end.

What it does: each convolution, linear layer and attention gets W + B·A with factors of rank 8 (`--rank`), of which B
begins at zero (Hu et al., "LoRA", arXiv:2106.09685; kernels as the matrices they are when the picture is unfolded).
Begins from the core's probe; factors and head learn, the weights do not. At the end B·A is added to W: the exported
network is as plain and as fast as before.
Why: 7 % of the parameters of lite0, and what a narrow change cannot express cannot be forgotten either.
Costs: a little more time a step than `linear-then-full`; less memory for the optimiser.
Expected: near `linear-then-full` on a few thousand photos; not run here on a large set.
Measured with 300 photos of clothes, lite0 at 160 pixels and three epochs (186 others, log-loss): 0.571 with the probe,
0.573 at the end and 0.558 half way between; accuracy 0.823 after.
"""

from __future__ import annotations

from typing import ClassVar

from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.optimiser import Group, head_groups
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.recipes.making import StillBase, phase, rooted, sizes
from foveal.training.recipes.norm_only import ONE_RATE
from foveal.training.recipes.recipe import Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.start import Start
from foveal.training.tuning.lora import add_low_rank, low_rank_parameters, merge_low_rank

RANK = 8


class Lora(Recipe):
    """Low-rank changes and the head."""

    name = "lora"
    rooted = True
    parts = ("crop", "flip", "warmup", "clip", "ema", "smaller", "wise")
    unfit: ClassVar = {"layerwise": ONE_RATE}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network with changes that are none yet, and the core's head."""
        recogniser = rooted(network, classes, start, kind=StillBase)
        add_low_rank(network, rank=options.rank or RANK, but=(network.imagenet_layer,))
        return recogniser

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of the factors and the head."""
        on = self.on(options)

        def groups(each: Recogniser) -> list[Group]:
            rate = options.rate or 1e-3
            factors = list(low_rank_parameters(each.network))
            return [
                {"name": "factors", "params": factors, "rate": rate, "weight_decay": 0.0},
                *head_groups(each, rate=rate / 10, weight_decay=0.01),
            ]

        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="factors", epochs=4, sizes=seen, norms="frozen"),)

    def finish(self, recogniser: Recogniser) -> None:
        """Add the changes to the weights."""
        merge_low_rank(recogniser.network)
