"""Where batches come from: what the loop asks for, and the feeds of a set of photos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import torch

from foveal.training.phase import Phase
from foveal.training.photos.batch import Batch
from foveal.training.photos.feed import EvalFeed, PhotoFeed
from foveal.training.photos.free_memory import memory_for_pictures
from foveal.training.ranks.world import World
from foveal.training.settings import TrainingData, TrainSettings

Size = tuple[int, int]

# Held-out photos are seen once an epoch and never varied: those kept ready need little memory.
_HELD_SHARE = 4


class TrainFeed(Protocol):
    """Batches to train on; see `foveal.training.photos.feed.PhotoFeed`."""

    @property
    def steps(self) -> int:
        """Steps of an epoch, the same in every process."""
        ...

    def epoch(self, number: int, *, first_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from a step on, which depend on nothing but the seed and these numbers."""
        ...


class Feeds(Protocol):
    """What a training eats. `Batch.images` may be anything that the network takes, features for one."""

    def train(self, phase: Phase, size_wh: Size) -> TrainFeed:
        """Photos to train on, varied as the phase wants them. Their rows count from the first photo trained on."""
        ...

    def held(self) -> Iterable[Batch]:
        """This process's share of the held-out photos. Their rows count from the first photo held out."""
        ...


class PhotoFeeds:
    """The photos of `TrainingData`, decoded, varied and kept ready.

    Args:
        data: The photos.
        phases: All phases: photos are kept sharp enough for the largest size.
        settings: Seed, threads and memory.
        world: Which share is this process's.
        device: Where the network is.
        held_batch: Photos that are measured at a time.
    """

    def __init__(
        self,
        data: TrainingData,
        phases: Sequence[Phase],
        settings: TrainSettings,
        world: World,
        device: torch.device,
        *,
        held_batch: int = 32,
    ) -> None:
        self._data, self._settings, self._world = data, settings, world
        self._largest = max((size for phase in phases for size in sizes_of(phase, data.preprocess.size_wh)), key=min)
        self._device, self._held_batch = device, held_batch
        self._memory = settings.memory_bytes or memory_for_pictures(world.local_size)
        self._feed: PhotoFeed | None = None
        self._held: EvalFeed | None = None

    def train(self, phase: Phase, size_wh: Size) -> PhotoFeed:
        """See `Feeds`; all phases and sizes share what is decoded."""
        rows = self._data.train_rows
        batch = fitting_batch(phase.batch, len(rows), self._world.size) // self._world.size
        if self._feed is None:
            self._feed = PhotoFeed(
                [self._data.photos[row] for row in rows.tolist()],
                self._data.labels[rows],
                batch=batch,
                size_wh=size_wh,
                largest_wh=self._largest,
                augment=phase.augment,
                seed=self._settings.seed,
                sampling=phase.sampling,
                rank=self._world.rank,
                ranks=self._world.size,
                threads=self._settings.threads or None,
                memory_bytes=self._memory - self._memory // _HELD_SHARE,
                device=self._device,
                pin=self._device.type == "cuda",
            )
        self._feed = self._feed.changed(size_wh=size_wh, augment=phase.augment, batch=batch, sampling=phase.sampling)
        return self._feed

    def held(self) -> Iterable[Batch]:
        """See `Feeds`."""
        rows = self._data.held_rows
        if self._held is None and len(rows):
            self._held = EvalFeed(
                [self._data.photos[row] for row in rows.tolist()],
                self._data.labels[rows],
                preprocess=self._data.preprocess,
                batch=self._held_batch,
                threads=self._settings.threads or None,
                memory_bytes=self._memory // _HELD_SHARE,
                rank=self._world.rank,
                ranks=self._world.size,
                pin=self._device.type == "cuda",
            )
        return self._held if self._held is not None else ()


def fitting_batch(wanted: int, photos: int, ranks: int) -> int:
    """Photos a step, of all processes together: no more than there are, and as many for each process."""
    return max(ranks, min(wanted, photos) // ranks * ranks)


def sizes_of(phase: Phase, size_wh: Size) -> list[Size]:
    """The sizes of a phase, first to last.

    Args:
        phase: The phase.
        size_wh: The network's own, whose aspect they all have.
    """
    scales = [short / min(size_wh) for short in phase.sizes] or [1.0]
    return [(round(size_wh[0] * scale), round(size_wh[1] * scale)) for scale in scales]
