"""What comes before the first step: the checkpoint to go on from, the device, the feeds and the log."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from foveal.errors import FovealError
from foveal.training import checkpoint as checkpoints
from foveal.training.allocator import keep_memory
from foveal.training.batch_size import plan_batch
from foveal.training.checkpoint import Checkpoint
from foveal.training.device import Device, choose_device, settle
from foveal.training.events import Note
from foveal.training.feeds import Feeds, PhotoFeeds, fitting_batch, sizes_of
from foveal.training.job import describe_job
from foveal.training.log import CSV, JSONL, RunLog
from foveal.training.norms import batch_norms
from foveal.training.optimiser import train_only
from foveal.training.phase import Phase
from foveal.training.processors import use_processors
from foveal.training.ranks.world import World
from foveal.training.ranks.wrap import same_start
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.standing import Standing
from foveal.types.checked import bad_value

# For trials on a processor, of numbers and of batches; of a budget they take no more than a share.
_DEVICE_TRIAL_S, _BATCH_TRIAL_S = 6.0, 4.0
_TRIAL_SHARE = 0.03


@dataclass
class Begun:
    """A training that is ready to begin, or to go on.

    Args:
        recogniser: What is trained, on its device.
        phases: What to do.
        data: The photos.
        settings: How to run.
        world: The processes.
        job: What its checkpoints belong to; see `foveal.training.job`.
        device: Where it is trained.
        feeds: Where batches come from.
        at: Where it stands.
        checkpoint: What it goes on from; taken away once it is restored.
        log: Its log; only the main process has one.
        parts: Index of a phase, as text, to the photos that go through the network at a time.
        own_feeds: Whether the batches are photos.
    """

    recogniser: nn.Module
    phases: Sequence[Phase]
    data: TrainingData
    settings: TrainSettings
    world: World
    job: dict[str, str]
    device: Device
    feeds: Feeds
    at: Standing
    checkpoint: Checkpoint | None
    log: RunLog | None
    parts: dict[str, int]
    own_feeds: bool
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._before = self.at.seconds

    def elapsed(self) -> float:
        """Seconds that the training has taken, interruptions left out."""
        return self._before + time.monotonic() - self.started

    def say(self, text: str) -> None:
        """Tell and log a remark; only the main process does.

        Args:
            text: The remark.
        """
        if self.log is not None:
            self.log.note(self.at.at, text)
            self.settings.listener(Note(text))

    def micro_batch(self, number: int) -> int:
        """Photos of a phase that go through the network at a time in each process; measured once, then kept.

        Args:
            number: Index of the phase.
        """
        if self.settings.micro_batch or not self.own_feeds:
            return self.settings.micro_batch
        if str(number) not in self.parts:
            phase, size_wh = self.phases[number], self.data.preprocess.size_wh
            train_only(self.recogniser, phase.groups(self.recogniser))
            effective = fitting_batch(phase.batch, len(self.data.train_rows), self.world.size)
            self.parts[str(number)] = self.world.on_main(
                lambda: (
                    plan_batch(
                        self.recogniser,
                        self.device,
                        effective=effective,
                        size_wh=max(sizes_of(phase, size_wh), key=min),
                        processes=self.world.size,
                        whole=phase.norms == "train",
                        seconds=_trial_s(self.settings, _BATCH_TRIAL_S),
                    ).batch
                )
            )
        return self.parts[str(number)]

    def facts(self) -> dict[str, object]:
        """What was measured here and must be the same when it goes on, for a checkpoint."""
        return {"device": self.device.found(), "parts": self.parts, "threads": torch.get_num_threads()}


def begin(
    recogniser: nn.Module,
    phases: Sequence[Phase],
    data: TrainingData,
    settings: TrainSettings,
    world: World,
    feeds: Feeds | None,
    stack: ExitStack,
) -> Begun:
    """Get ready; see `foveal.training.loop.run`. What must be closed at the end goes onto the stack."""
    if not phases:
        raise bad_value("run", "phases of training", "none")
    started = time.monotonic()
    memory = keep_memory()
    threads = use_processors(share=world.local_size)
    job = describe_job(recogniser, phases, data, settings, world.size)
    checkpoint = _found(settings, job)
    facts = {} if checkpoint is None else checkpoint.facts
    if facts and facts["threads"] != threads:
        # Sums over another number of threads are rounded otherwise.
        torch.set_num_threads(facts["threads"])
    at = Standing.from_dict(dict(facts["at"])) if facts else Standing()
    train_only(recogniser, phases[-1].groups(recogniser))
    device = _device(recogniser, phases[-1], data, settings, world, facts.get("device", {}), trial=feeds is None)
    settle(device, deterministic=settings.deterministic)
    same_start(recogniser, world)
    sharded = settings.parallel == "fsdp" and world.size > 1
    if sharded:
        _check_norms(recogniser, phases)
    log = None
    if world.main:
        if checkpoint is None:
            _clear(settings)
        log = stack.enter_context(RunLog(settings.folder, at.history, at.at, tensorboard=settings.tensorboard))
    begun = Begun(
        recogniser,
        phases,
        data,
        settings,
        world,
        job,
        device,
        feeds or PhotoFeeds(data, phases, settings, world, device.torch_device),
        at,
        checkpoint,
        log,
        dict(facts.get("parts", {})),
        feeds is None,
        started,
    )
    if memory is not None:
        begun.say(memory)
    begun.say(f"training on {device.describe()}")
    return begun


def to_shard(recogniser: nn.Module, device: Device) -> nn.Module:
    """A copy whose weights can be shared out; the one it was made of waits outside the device's memory.

    Each phase takes a copy of its own, since what is sharded keeps to the parameters that were trained at first.
    """
    copied: nn.Module = copy.deepcopy(recogniser)
    recogniser.cpu()
    # Sharding takes plain order of memory only.
    return copied.to(device.torch_device, memory_format=torch.contiguous_format)


def _check_norms(recogniser: nn.Module, phases: Sequence[Phase]) -> None:
    if any(phase.norms == "train" for phase in phases) and any(batch_norms(recogniser)):
        raise FovealError(
            "fsdp-impossible",
            "--parallel fsdp: expected a network whose batch norms stand still, or that has none, got one that trains "
            "them",
            hint="leave --parallel at ddp; what does not fit is usually a transformer, which has no batch norms",
        )


def _found(settings: TrainSettings, job: dict[str, str]) -> Checkpoint | None:
    path = checkpoints.find(settings.folder)
    if path is None:
        return None
    if settings.resume:
        return checkpoints.read(path, job)
    facts = checkpoints.facts_of(path)
    if facts is not None and not facts["at"]["finished"]:
        raise FovealError(
            "training-unfinished",
            f"{settings.folder}: expected a new run folder or that of a finished training, got one that stopped after "
            f"{facts['at']['at']:,} steps",
            hint="--resume goes on with it; to train anew, remove the folder or choose another",
        )
    return None


def _clear(settings: TrainSettings) -> None:
    """What a finished training left would be taken for this one's."""
    for name in (checkpoints.LAST, checkpoints.BEST, CSV, JSONL):
        (settings.folder / name).unlink(missing_ok=True)


def _device(
    recogniser: nn.Module,
    phase: Phase,
    data: TrainingData,
    settings: TrainSettings,
    world: World,
    kept: dict[str, Any],
    *,
    trial: bool,
) -> Device:
    """The device, its numbers and whether it compiles: measured by one process, once, and the same for all since."""
    batch = fitting_batch(phase.batch, len(data.train_rows), world.size) // world.size
    epochs = phase.epochs if settings.budget_s is None else phase.ceiling

    def choose(amp: str, compiled: str) -> Device:
        return choose_device(
            recogniser,
            batch=batch,
            size_wh=sizes_of(phase, data.preprocess.size_wh)[-1],
            wanted=settings.device if world.size == 1 else world.device.type,
            amp=amp,
            compile=compiled,
            seconds=_trial_s(settings, _DEVICE_TRIAL_S),
            steps=round(epochs * len(data.train_rows) / batch / world.size),
            most_s=settings.budget_s or math.inf,
            local_rank=world.local_rank,
        )

    # Every process moves its network to its own device; what was measured is that of the first.
    here = choose("off", "off")

    def found() -> dict[str, Any]:
        if kept and kept["kind"] == here.kind:
            return kept
        if trial:
            return choose(settings.amp, settings.compile).found()
        amp, compiled = (word if word != "auto" else "off" for word in (settings.amp, settings.compile))
        return replace(choose(amp, compiled), why=()).found()

    return here.as_found(world.on_main(found))


def _trial_s(settings: TrainSettings, most: float) -> float:
    """Seconds for a trial."""
    return most if settings.budget_s is None else min(most, _TRIAL_SHARE * settings.budget_s)
