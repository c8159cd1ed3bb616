"""Photos to batches for training: decoded and varied by threads, a few batches ahead of the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto
from foveal.runtimes.engine import threads as processors
from foveal.training.photos.ahead import AHEAD, Work, ahead
from foveal.training.photos.augment import Augment
from foveal.training.photos.batch import Batch
from foveal.training.photos.chance import photo_chance
from foveal.training.photos.eval_feed import EvalFeed
from foveal.training.photos.free_memory import memory_for_pictures
from foveal.training.photos.options import check_division, check_photos
from foveal.training.photos.order import WINDOW, Share, sampler, turns
from foveal.training.photos.pictures import Pictures, Shrunk
from foveal.training.photos.read_ahead import read_ahead
from foveal.training.photos.small import SmallPictures, are_small, mirrored_first

__all__ = ["EvalFeed", "PhotoFeed"]


class PhotoFeed:
    """Batches to train on.

    What an epoch holds depends on the seed and its number alone: not on threads, memory, or where it is taken up, and,
    but for the sampling "shards", not on how many ranks divide it. Within an epoch no photo comes twice unless the
    sampling says so. Photos that do not fill the last step are left out, others in every epoch; photos too few for one
    step make a short one. Each photo is decoded once and kept, shrunk, while there is memory.

    Args:
        photos: Where they are; all readable, and of one size or many.
        labels: int [n], class of each photo.
        batch: Photos of a step of this rank; all ranks together take `batch` × `ranks`.
        size_wh: Width and height of the network's input.
        augment: How photos are varied.
        seed: Decides the order and the variations.
        sampling: One of `foveal.training.photos.order.SAMPLINGS`.
        rank: Which of the processes that divide an epoch this is.
        ranks: How many there are.
        threads: Threads that decode; None is as many as there are processors.
        memory_bytes: How much memory kept photos may take; None is a quarter of what is free.
        device: Where pictures of at most 64 pixels a side are kept and varied, where nothing but `flip`, `alternate`,
            `pad_crop` and `cutout` varies them; batches of others come from the processor.
        pin: Whether batches lie in memory that a GPU copies from without waiting.
        largest_wh: The largest input that `changed` will ask for; None is `size_wh`. What is kept of the photos, and so
            every pixel, depends on it: a training that is resumed at another size has to say the same.

    Raises:
        FovealError: `bad-value`: not as many labels as photos; `bad-option`: a number out of range; `unknown-name`: an
            unknown sampling.
    """

    def __init__(
        self,
        photos: Sequence[AnyPhoto],
        labels: NDArray[np.integer],
        *,
        batch: int,
        size_wh: tuple[int, int],
        augment: Augment,
        seed: int,
        sampling: str = "shuffle",
        rank: int = 0,
        ranks: int = 1,
        threads: int | None = None,
        memory_bytes: int | None = None,
        device: str | torch.device = "cpu",
        pin: bool = False,
        largest_wh: tuple[int, int] | None = None,
    ) -> None:
        check_photos("PhotoFeed", photos, labels)
        check_division("PhotoFeed", batch, rank, ranks, threads)
        self._labels = np.asarray(labels, np.int64)
        self._share = Share(len(photos), batch, rank, ranks)
        self._size_wh, self._augment, self._seed = size_wh, augment, seed
        self._sampling, self._sampler = sampling, sampler(sampling, photos, self._labels)
        self._threads = threads or processors()
        self._device, self._pin = torch.device(device), pin
        memory = memory_for_pictures(ranks) if memory_bytes is None else memory_bytes
        self._largest_wh = largest_wh or size_wh
        self._pictures = Pictures(photos, self._shrunk(), memory)
        self._small: SmallPictures | None = None

    @property
    def photos(self) -> int:
        """How many photos there are, for all ranks together."""
        return self._share.photos

    @property
    def steps(self) -> int:
        """Steps of an epoch, the same for every rank."""
        return self._share.steps

    @property
    def kept(self) -> int:
        """How many photos need no decoding any more."""
        return self.photos if self._small is not None else self._pictures.kept

    def resized(self, size_wh: tuple[int, int]) -> PhotoFeed:
        """The same photos for another size of the input; see `changed`.

        Args:
            size_wh: Width and height.
        """
        return self.changed(size_wh=size_wh)

    def changed(
        self,
        *,
        size_wh: tuple[int, int] | None = None,
        augment: Augment | None = None,
        batch: int | None = None,
        sampling: str | None = None,
    ) -> PhotoFeed:
        """The same photos, used otherwise. What is kept of them is shared, as far as it serves.

        It does up to the size `largest_wh`, and among uses that all cut windows or all take whole photos.

        Args:
            size_wh: Width and height of the input; None, here as below, is as before.
            augment: How photos are varied.
            batch: Photos of a step of one rank.
            sampling: How photos are chosen.
        """
        other = PhotoFeed.__new__(PhotoFeed)
        other.__dict__.update(self.__dict__)
        other._size_wh, other._augment = size_wh or self._size_wh, augment or self._augment
        if batch is not None:
            check_division("PhotoFeed", batch, self._share.rank, self._share.ranks, self._threads)
            other._share = replace(self._share, batch=batch)
        if sampling not in (None, self._sampling):
            other._sampling = sampling
            other._sampler = sampler(sampling, self._pictures.photos, self._labels)
        shrunk = other._shrunk()
        if shrunk != self._pictures.shrunk:
            other._pictures = Pictures(self._pictures.photos, shrunk, self._pictures.memory_bytes)
        if self._small is not None and not self._small.holds(other._size_wh, other._augment.pad_crop):
            other._small = None
        return other

    def _shrunk(self) -> Shrunk:
        fits = max(self._size_wh) <= max(self._largest_wh)
        return Shrunk(self._largest_wh if fits else self._size_wh, self._augment.crop is not None)

    def epoch(self, number: int, *, first_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch.

        Args:
            number: Of the epoch, from 0.
            first_step: Where to begin; what comes before is not decoded.

        Raises:
            FovealError: `photo-lost`: a photo can no longer be read; it names it.
        """
        rows = self._share.steps_of(self._sampler(self._share, self._seed, number))
        batch = self._share.batch
        steps = [rows[start : start + batch] for start in range(first_step * batch, len(rows), batch)]
        if are_small(self.photos, self._size_wh, self._augment):
            return self._small_epoch(number, steps)
        return self._photo_epoch(number, steps, turns(rows)[first_step * batch :])

    def _small_epoch(self, number: int, steps: Sequence[NDArray[np.int64]]) -> Iterator[Batch]:
        if self._small is None:
            pad = self._augment.pad_crop
            self._small = SmallPictures.of(
                self._pictures, self._size_wh, pad, threads=self._threads, device=self._device
            )
        labels = torch.from_numpy(self._labels).to(self._device)
        varied = self._small.epoch(self._augment, self._seed, number)
        for rows in steps:
            at = torch.from_numpy(rows).to(self._device)
            yield Batch(varied(rows), labels[at], at)

    def _photo_epoch(
        self, number: int, steps: Sequence[NDArray[np.int64]], again: NDArray[np.int64]
    ) -> Iterator[Batch]:
        width, height = self._size_wh
        flipped = mirrored_first(self._augment, self._seed, self.photos)

        def make(step: int) -> Batch:
            rows = steps[step]
            if self._sampling == "shards":
                self._advise(steps, step)
            images = torch.empty((len(rows), height, width, 3), dtype=torch.uint8, pin_memory=self._pin)
            return Batch(images, torch.from_numpy(self._labels[rows]), torch.from_numpy(rows.copy()))

        def fill(step: int, made: Batch, place: int) -> None:
            row = int(steps[step][place])
            picture = self._pictures.get(row)
            chance = photo_chance(self._seed, number, row, int(again[step * self._share.batch + place]))
            mirrored = None if flipped is None else bool(flipped[row] ^ (number & 1))
            made.images.numpy()[place] = self._augment.apply(picture, self._size_wh, chance, mirrored=mirrored)

        work = Work([len(rows) for rows in steps], make, fill)
        return ahead(work, threads=self._threads, batches=AHEAD)

    def _advise(self, steps: Sequence[NDArray[np.int64]], step: int) -> None:
        """Have the next window's photos read while those of this one are decoded; at the start, this one's too."""
        span = max(WINDOW // self._share.batch, 1)
        if step % span == 0:
            wanted = steps[step if step == 0 else step + span : step + 2 * span]
            photos = self._pictures.photos
            read_ahead(photos[row] for rows in wanted for row in rows.tolist() if not self._pictures.holds(row))
