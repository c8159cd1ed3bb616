"""`foveal train PHOTOS --recipe adapter --out MODEL`: small bottlenecks behind each stage, and the head.

What it does: what a stage gives goes through a narrow layer (32 numbers, `--rank`), a GELU and back, and is added to
what it was (Houlsby et al., arXiv:1902.00751; Rebuffi et al., arXiv:1705.08045). The bottlenecks begin as nothing, the
head as the core's probe; both learn, the network does not.
Why: one network in memory and a few hundred kilobytes for each task; unlike LoRA's, the change is not linear.
Costs: as `lora`; the exported network keeps the bottlenecks and is a little slower than the one it began as.
Expected: near `lora`; not run here on a large set.
Measured with 300 photos of clothes, lite0 at 160 pixels and three epochs (186 others, log-loss): 0.571 with the probe,
0.585 at the end and 0.565 half way between; accuracy 0.790 at the end.
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
from foveal.training.tuning.adapter import adapter_parameters, add_adapters

WIDTH = 32


class Adapter(Recipe):
    """Bottlenecks and the head."""

    name = "adapter"
    rooted = True
    parts = ("crop", "flip", "warmup", "clip", "ema", "smaller", "wise")
    unfit: ClassVar = {"layerwise": ONE_RATE}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network with bottlenecks that are nothing yet, and the core's head."""
        recogniser = rooted(network, classes, start, kind=StillBase)
        add_adapters(network, width=options.rank or WIDTH)
        return recogniser

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of the bottlenecks and the head."""
        on = self.on(options)

        def groups(each: Recogniser) -> list[Group]:
            rate = options.rate or 1e-3
            added = list(adapter_parameters(each.network))
            return [
                {"name": "bottlenecks", "params": added, "rate": rate, "weight_decay": 0.0},
                *head_groups(each, rate=rate / 10, weight_decay=0.01),
            ]

        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="bottlenecks", epochs=4, sizes=seen, norms="frozen"),)
