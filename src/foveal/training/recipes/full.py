"""`foveal train PHOTOS --recipe full --out MODEL`: all layers at once, the last from zeros.

What it does: plain fine-tuning as it is done most: a new last layer on the embedding, zeros to begin with, and every
layer learns from the first step; layer-wise rates and a warm-up keep the first steps from doing harm.
Why: the yardstick for `linear-then-full`, and the better choice where photos are many or unlike ImageNet's, so that
there is little to distort.
Costs: as `linear-then-full`, and about twice the epochs.
Expected: less than `linear-then-full` on a few thousand photos (3,068 photos of clothes, lite0, begun from a layer that
fitted every photo, batch norms learning: 0.871 after six epochs, against 0.880 of the frozen probe on the same outputs;
measured on two cores).
"""

from __future__ import annotations

from typing import ClassVar

from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.norms import fold_norms
from foveal.training.optimiser import Group, layerwise
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.recipes.making import phase, sizes
from foveal.training.recipes.recipe import Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.start import Start

NO_HEAD_BEFORE = "before the training there is no last layer that answers, so there is nothing to mix with"


class Full(Recipe):
    """All layers at once."""

    name = "full"
    parts = ("crop", "flip", "warmup", "clip", "ema", "layerwise", "smoothing", "smaller")
    unfit: ClassVar = {"wise": NO_HEAD_BEFORE}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network, its norms folded as they stand still, and a last layer of zeros on its embedding."""
        fold_norms(network)
        return Recogniser(network, classes, dropout=0.2, beginning="zero")

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of all layers."""
        on = self.on(options)

        def groups(each: Recogniser) -> list[Group]:
            decay = 0.8 if "layerwise" in on else 1.0
            return layerwise(each, rate=options.rate or 5e-4, decay=decay, weight_decay=0.01)

        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="all layers", epochs=8, sizes=seen, norms="frozen"),)
