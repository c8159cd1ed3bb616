"""Everything before a training: which photos, which are held out, and the frozen probe as the yardstick."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from foveal.data.dataset import Dataset
from foveal.data.split_file import Split
from foveal.features.cache import FeatureCache
from foveal.features.extract import extract
from foveal.features.pixel_view import PixelView
from foveal.features.settings import Settings
from foveal.runtimes.engine import EnginePool, threads
from foveal.types.finding import Finding
from foveal.workflows.before_and_after import Cost, cost_of
from foveal.workflows.frozen_network import FrozenNetwork, frozen_network
from foveal.workflows.frozen_probe import FrozenProbe, frozen_probe
from foveal.workflows.quarantine import Kept, quarantine
from foveal.workflows.teach import Lesson
from foveal.workflows.train_parts import Parts, part_photos
from foveal.workflows.train_wishes import TrainWishes

# Random weights are no yardstick, and neither is a network of long ago: the usual small one is.
_OF_THE_TEXTBOOK = ("vgg16-classic",)


@dataclass(frozen=True)
class Prepared:
    """What is known before the training begins.

    Args:
        lesson: What every process of the training needs.
        kept: The photos that can be learnt from.
        parts: Which are trained on and which held out.
        frozen: The network that the probe stands on.
        probe: The probe.
        cost: What the probe cost.
        engines: Networks that are loaded.
    """

    lesson: Lesson
    kept: Kept
    parts: Parts
    frozen: FrozenNetwork
    probe: FrozenProbe
    cost: Cost
    engines: EnginePool

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was left out of the training, and why."""
        return (*self.kept.findings, *self.parts.findings)


def prepare(
    training: Dataset,
    network: Any,
    recipe: Any,
    splitting: Split | str,
    wishes: TrainWishes,
    settings: Settings,
    cache: FeatureCache,
) -> Prepared:
    """Look at all photos with the frozen network, hold some out, and learn the probe from the others.

    Args:
        training: The photos, train and val.
        network: As `foveal.training.networks.create` made it.
        recipe: Of `foveal.training.recipes`.
        splitting: What `foveal.workflows.folds.check_split` made of the user's words.
        wishes: What was asked for.
        settings: How to run.
        cache: Where features are kept.

    Raises:
        FovealError: `one-class`, `too-few-groups`, `split-mismatch`.
    """
    own = bool(recipe.pretrained) and recipe.name not in _OF_THE_TEXTBOOK
    frozen = frozen_network(network, training.photos(), settings, own=own, weights=wishes.weights)
    engines = EnginePool()
    began = time.perf_counter()
    views = [frozen.view]
    with extract(training.photos(), [*views, PixelView()], cache, engines=engines, progress=settings.progress) as found:
        features_s = time.perf_counter() - began
        kept = quarantine(training, found)
        parts = part_photos(training, kept, found, frozen.view, splitting, hold_out=wishes.hold_out, seed=wishes.seed)
        probe = frozen_probe(training, found, views, kept, parts, engines)
        computed = len(training) - found.cached
    held = training.take(kept.rows[parts.held])
    head = sum(array.size for name, array in probe.model.head.arrays().items() if name in ("weights", "bias"))
    cost = cost_of(
        probe.model,
        held.photos(),
        network=frozen.card.title,
        seconds=0.0,
        parameters=frozen.parameters + head,
        trained=head,
    )
    if 2 * computed >= len(training):
        spent = features_s * len(training) / computed
    else:  # most features were there already: what they would have cost
        spent = cost.milliseconds / 1e3 * len(training) / threads()
    cost = Cost(**{**vars(cost), "seconds": spent + probe.seconds})
    lesson = Lesson(
        training,
        kept.rows,
        kept.labels,
        kept.class_names,
        parts.train,
        parts.held,
        parts.groups,
        _start(recipe, frozen, probe),
    )
    return Prepared(lesson, kept, parts, frozen, probe, cost, engines)


def _start(recipe: Any, frozen: FrozenNetwork, probe: FrozenProbe) -> Any:
    """The probe for a recipe that begins there; None for any other."""
    if not (frozen.own and recipe.rooted):
        return None
    from foveal.training.start import Start

    return Start(frozen.view.outputs, probe.start)
