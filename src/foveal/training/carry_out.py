"""A recipe from its network to the weights that are kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from foveal.data.places import SpanPhoto
from foveal.errors import FovealError
from foveal.training.allocator import keep_memory
from foveal.training.device import choose_device
from foveal.training.evaluate_held import logits_of
from foveal.training.events import Note
from foveal.training.feeds import PhotoFeeds
from foveal.training.look_once import SeenFeeds, Tail, fits_memory, look, stands_still
from foveal.training.loop import run
from foveal.training.networks.torch_network import TorchNetwork
from foveal.training.options import FOR_RARE_CLASSES, Options
from foveal.training.outcome import Outcome
from foveal.training.phase import Phase
from foveal.training.probe_start import probe_start
from foveal.training.processors import use_processors
from foveal.training.ranks.world import World
from foveal.training.recipes.recipe import Recipe
from foveal.training.recogniser import Recogniser
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.start import Start
from foveal.training.tuning.lora import plain_state
from foveal.training.tuning.trainable import Trainable
from foveal.training.wise import ALPHAS, Mixed, mix

Logits = NDArray[np.float32]

# Of a budget, for mixing weights: what an evaluation took before, and some of the time that loading states takes.
_EVALUATIONS = len(ALPHAS) + 0.5
# Photos that take less than this when they are decoded are kept after the first epoch, and order costs nothing then.
_KEPT_BYTES = 8 << 30
_LOOKED_AT = 100


@dataclass(frozen=True)
class Carried:
    """What came of a recipe.

    Args:
        recogniser: With the weights that are kept; a plain network unless the recipe leaves something in it.
        outcome: Of the training; its held-out logits are those of the weights that are kept.
        trainable: What was trained, and how much that is.
        mixed: Where the kept weights lie between start and end; None where nothing was mixed.
        notes: What a person should know, the training's own notes among them.
    """

    recogniser: Recogniser
    outcome: Outcome
    trainable: Trainable
    mixed: Mixed | None
    notes: tuple[str, ...]


def carry_out(
    recipe: Recipe,
    network: TorchNetwork,
    data: TrainingData,
    options: Options,
    settings: TrainSettings,
    world: World,
    *,
    start: Start | None = None,
) -> Carried:
    """Build, train and finish.

    Args:
        recipe: The recipe.
        network: Its network, as `foveal.training.networks.create` made it; it is changed.
        data: The photos.
        options: What the user said.
        settings: How it runs; of a budget, what comes before and after the training is taken off.
        world: The processes.
        start: The core's probe; a recipe that begins there and gets None learns one first.

    Raises:
        FovealError: `part-unfit`, `budget-too-short`, and whatever the recipe's methods and the training refuse.
    """
    began = time.monotonic()
    on = recipe.on(options)
    place = _place(network, data, settings, world)
    if recipe.rooted and start is None:
        start = probe_start(network, data, settings, device=place)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(settings.seed)
        recogniser = recipe.build(network, data.classes, options, start).to(place)
    phases = read_in_order(recipe.phases(recogniser, options), data)
    learnt = [each for phase in phases for group in phase.groups(recogniser) for each in group["params"]]
    trainable = Trainable.of(recogniser, learnt, but=(network.imagenet_layer,))
    notes = _Notes(settings, world)
    notes.add(str(trainable))
    beside = recipe.beside(recogniser, data, options, settings)
    held = _Held(data, phases, settings, world, place)
    before, start_logits, looked = None, None, 0.0
    if "wise" in on and settings.parallel == "fsdp" and world.size > 1:
        notes.add(
            "weights are not mixed with those before the training where every process holds a part of them (fsdp)"
        )
    elif "wise" in on and len(data.held_rows):
        asked = time.monotonic()
        before, start_logits = plain_state(recogniser), held(recogniser)
        looked = time.monotonic() - asked
    settings = _left(settings, *world.broadcast([time.monotonic() - began, looked]))
    outcome = _trained(recogniser, phases, data, settings, world, beside)
    recogniser = outcome.recogniser
    recipe.finish(recogniser)
    mixed = None
    if before is not None and start_logits is not None:
        mixed = mix(
            recogniser,
            before,
            lambda: held(recogniser),
            data.labels[data.held_rows],
            start_logits=start_logits,
            end_logits=outcome.held_logits,
            balanced=bool(on & FOR_RARE_CLASSES),
        )
        notes.add(str(mixed))
        outcome = replace(outcome, held_logits=mixed.logits)
    return Carried(recogniser, outcome, trainable, mixed, (*outcome.notes, *notes.told))


def read_in_order(phases: tuple[Phase, ...], data: TrainingData) -> tuple[Phase, ...]:
    """Phases that read archives too large for memory in stretches instead of jumping about in them.

    Args:
        phases: The recipe's.
        data: The photos. What memory there is plays no part: the same photos come in the same order on every machine.
    """
    width, height = data.preprocess.size_wh
    few = 3 * width * height * len(data.train_rows) <= _KEPT_BYTES
    if few or not all(isinstance(data.photos[row], SpanPhoto) for row in data.train_rows[:_LOOKED_AT].tolist()):
        return phases
    return tuple(replace(phase, sampling="shards") if phase.sampling == "shuffle" else phase for phase in phases)


class _Notes:
    """What a person should know, told at once by the first process, and kept."""

    def __init__(self, settings: TrainSettings, world: World) -> None:
        self._listener, self._main = settings.listener, world.main
        self.told: list[str] = []

    def add(self, text: str) -> None:
        self.told.append(text)
        if self._main:
            self._listener(Note(text))


def _place(network: TorchNetwork, data: TrainingData, settings: TrainSettings, world: World) -> torch.device:
    """Move the network to where it will be trained; nothing is measured yet."""
    keep_memory()
    use_processors(share=world.local_size)
    device = choose_device(
        network,
        batch=1,
        size_wh=data.preprocess.size_wh,
        wanted=settings.device if world.size == 1 else world.device.type,
        amp="off",
        compile="off",
        local_rank=world.local_rank,
    )
    return device.torch_device


class _Held:
    """The held-out photos, kept ready for being looked at several times."""

    def __init__(
        self,
        data: TrainingData,
        phases: tuple[Phase, ...],
        settings: TrainSettings,
        world: World,
        place: torch.device,
    ) -> None:
        self._batches = PhotoFeeds(data, phases, settings, world, place).held()
        self._world, self._place, self._classes = world, place, data.classes

    def __call__(self, recogniser: Recogniser) -> Logits:
        logits: Logits = logits_of(recogniser, self._batches, self._world, classes=self._classes, device=self._place)
        return logits


def _left(settings: TrainSettings, spent: float, looked: float) -> TrainSettings:
    """What remains of a budget once some of it is spent and some is kept for later.

    Args:
        settings: As they were.
        spent: Seconds so far.
        looked: Seconds that the held-out photos took, if they are looked at again for mixing; else 0.

    Raises:
        FovealError: `budget-too-short`: nothing remains.
    """
    if settings.budget_s is None:
        return settings
    kept = settings.reserve_s + _EVALUATIONS * looked
    left = settings.budget_s - spent
    if left <= kept:
        raise FovealError(
            "budget-too-short",
            f"expected time to train in, got {settings.budget_s:.0f} s, of which what comes before the first step took "
            f"{spent:.0f} s and what comes after the last needs about {kept:.0f} s",
            hint="give it more time, a smaller network or smaller pictures, or stay with the frozen network",
        )
    return replace(settings, budget_s=left, reserve_s=kept, evaluation_s=looked or None)


def _trained(
    recogniser: Recogniser,
    phases: tuple[Phase, ...],
    data: TrainingData,
    settings: TrainSettings,
    world: World,
    beside: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None,
) -> Outcome:
    """Train; where the network says the same of each photo in every epoch, on what it said once."""
    still = beside is None and world.size == 1 and stands_still(recogniser, phases)
    if not still or not fits_memory(recogniser, data, settings):
        return run(recogniser, phases, data, settings, world, extra_loss=beside)
    place = recogniser.mean.device
    seen = [
        look(
            recogniser.network,
            data,
            np.asarray(rows),
            settings,
            outputs=recogniser.outputs,
            uses_map=recogniser.uses_map,
            device=place,
        )
        for rows in (data.train_rows, data.held_rows)
    ]
    feeds = SeenFeeds(data, seen[0], seen[1], settings.seed)
    outcome = run(Tail(recogniser), phases, data, settings, world, feeds=feeds)
    tail = outcome.recogniser
    recogniser.neck, recogniser.classifier = tail.neck, tail.classifier
    return replace(outcome, recogniser=recogniser.eval())
