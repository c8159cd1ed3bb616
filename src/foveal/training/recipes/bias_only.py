"""`foveal train PHOTOS --recipe bias-only --out MODEL`: everything that is added, nothing that is multiplied.

What it does: the biases of all layers, the shifts of normalisations among them, and the head learn (Ben Zaken et al.,
"BitFit", arXiv:2106.10199; Cai et al., "TinyTL", arXiv:2007.11622, for convolutional networks). Begins from the core's
probe.
Why: the smallest difference to a network that still reaches all of its layers, and a backward pass that needs no
activations kept.
Costs: as `norm-only`.
Expected: a little less than `norm-only`; not run here on a large set.
Measured with 300 photos of clothes, lite0 at 160 pixels and three epochs (186 others, log-loss): 0.571 with the probe,
0.575 at the end and 0.562 half way between; accuracy 0.817 after.
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
from foveal.training.tuning.trainable import bias_parameters


class BiasOnly(Recipe):
    """Biases and the head."""

    name = "bias-only"
    rooted = True
    parts = ("crop", "flip", "warmup", "clip", "ema", "smaller", "wise")
    unfit: ClassVar = {"layerwise": ONE_RATE}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network and the core's head."""
        return rooted(network, classes, start, kind=StillBase)

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of the biases and the head."""
        on = self.on(options)

        def groups(each: Recogniser) -> list[Group]:
            rate = options.rate or 1e-3
            biases = list(bias_parameters(each.network, but=(each.network.imagenet_layer,)))
            return [
                {"name": "biases", "params": biases, "rate": rate, "weight_decay": 0.0},
                *head_groups(each, rate=rate / 10, weight_decay=0.01),
            ]

        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="biases", epochs=4, sizes=seen, norms="frozen"),)
