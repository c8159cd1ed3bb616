"""Photos to batches for evaluation: each once, prepared as the finished model prepares it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto
from foveal.features.extract import side_for
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import threads as processors
from foveal.training.photos.ahead import AHEAD, Work, ahead
from foveal.training.photos.batch import Batch
from foveal.training.photos.free_memory import memory_for_pictures
from foveal.training.photos.options import check_division, check_photos
from foveal.training.photos.pictures import decode_photo


class EvalFeed:
    """Batches to evaluate on: every photo once, in order, the last batch short.

    Batches that fit are kept, and handed out again the next time.

    Args:
        photos: Where they are; all readable.
        labels: int [n], class of each photo.
        preprocess: How photos become the network's input.
        batch: Photos of a batch.
        threads: Threads that decode; None is as many as there are processors.
        memory_bytes: How much memory kept batches may take; None is a quarter of what is free.
        rank: Which of several processes this is: it gets photos `rank::ranks`, and may get one fewer than others.
        ranks: How many there are.
        pin: Whether batches lie in memory that a GPU copies from without waiting.

    Raises:
        FovealError: `bad-value`: not as many labels as photos; `bad-option`: a number out of range.
    """

    def __init__(
        self,
        photos: Sequence[AnyPhoto],
        labels: NDArray[np.integer],
        *,
        preprocess: Preprocess,
        batch: int,
        threads: int | None = None,
        memory_bytes: int | None = None,
        rank: int = 0,
        ranks: int = 1,
        pin: bool = False,
    ) -> None:
        check_photos("EvalFeed", photos, labels)
        check_division("EvalFeed", batch, rank, ranks, threads)
        rows = np.arange(rank, len(photos), ranks)
        self._photos, self._labels = photos, np.asarray(labels, np.int64)
        self._batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
        self._preprocess, self._pin = preprocess, pin
        self._threads = threads or processors()
        self._memory = memory_for_pictures(ranks) if memory_bytes is None else memory_bytes
        self._kept: list[Batch] = []

    @property
    def photos(self) -> int:
        """How many photos this rank gets."""
        return sum(map(len, self._batches))

    @property
    def steps(self) -> int:
        """How many batches this rank gets."""
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        """The batches, in order.

        Raises:
            FovealError: `photo-lost`: a photo can no longer be read; it names it.
        """
        known = len(self._kept)
        yield from self._kept[:known]
        work = Work([len(rows) for rows in self._batches[known:]], lambda step: self._empty(known + step), self._fill)
        for number, batch in enumerate(ahead(work, threads=self._threads, batches=AHEAD), known):
            room = (number + 1) * batch.images.nbytes <= self._memory
            if number == len(self._kept) and room:
                self._kept.append(batch)
            yield batch

    def _empty(self, step: int) -> Batch:
        rows = self._batches[step]
        width, height = self._preprocess.size_wh
        images = torch.empty((len(rows), height, width, 3), dtype=torch.uint8, pin_memory=self._pin)
        return Batch(images, torch.from_numpy(self._labels[rows]), torch.from_numpy(rows))

    def _fill(self, _: int, made: Batch, place: int) -> None:
        row = int(made.rows[place])
        image = decode_photo(self._photos, row, side_for(self._preprocess.size_wh))
        made.images.numpy()[place] = self._preprocess.apply(image)
