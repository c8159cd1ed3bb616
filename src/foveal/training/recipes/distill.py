"""`foveal train PHOTOS --recipe distill --teacher BIG.foveal --out SMALL`: learn what a large model says.

What it does: all layers of a small network learn from the labels and, with as much weight, from the teacher's
probabilities for all classes (Hinton et al., arXiv:1503.02531, at temperature 2). Both see the very same crop, and
mixed photos help here, since the teacher says what a mixture shows (Beyer et al., "a good teacher is patient and
consistent", arXiv:2106.05237). The teacher is a `.foveal` model of the same classes, or the name of a network, which
learns a probe from the photos first.
Why: a network small enough for a phone that answers nearly as well as one that is not.
Costs: as `full`, and the teacher looks at every crop as well.
Expected: above `full` of the same network; the more epochs the better; not run here on a large set.
"""

from __future__ import annotations

from typing import ClassVar

from foveal.training.distillation import Distillation, open_teacher
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.optimiser import Group, layerwise
from foveal.training.options import Options
from foveal.training.phase import Phase
from foveal.training.recipes.full import NO_HEAD_BEFORE
from foveal.training.recipes.making import phase, sizes
from foveal.training.recipes.recipe import LossBeside, Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.start import Start


class Distill(Recipe):
    """A teacher and a student."""

    name = "distill"
    parts = ("crop", "flip", "warmup", "clip", "ema", "layerwise", "mixup", "smaller")
    unfit: ClassVar = {"wise": NO_HEAD_BEFORE, "smoothing": "the teacher's probabilities are smooth already"}

    def build(self, network: TorchNetwork, classes: int, options: Options, start: Start | None = None) -> Recogniser:
        """The network and a last layer of zeros on its embedding."""
        return Recogniser(network, classes, beginning="zero")

    def phases(self, recogniser: Recogniser, options: Options) -> tuple[Phase, ...]:
        """One, of all layers."""
        on = self.on(options)

        def groups(each: Recogniser) -> list[Group]:
            decay = 0.8 if "layerwise" in on else 1.0
            return layerwise(each, rate=options.rate or 5e-4, decay=decay, weight_decay=0.01)

        seen = sizes(on, recogniser.network, options)
        return (phase(on, options, groups, name="all layers", epochs=12, sizes=seen, norms="frozen"),)

    def beside(
        self, recogniser: Recogniser, data: TrainingData, options: Options, settings: TrainSettings
    ) -> LossBeside | None:
        """What the teacher says."""
        return Distillation(open_teacher(options.teacher, data, settings))
