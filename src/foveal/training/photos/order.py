"""Which photos each step of an epoch takes, for every rank: a function of the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto
from foveal.data.places import SpanPhoto
from foveal.errors import unknown_name
from foveal.training.photos.chance import order_chance

CHUNK = 32
"""Photos that "shards" reads one after the other."""

WINDOW = 256 * CHUNK
"""Photos among which "shards" then chooses by chance."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Share:
    """Which of several processes this is, and how they divide an epoch.

    Args:
        photos: Photos of all of them.
        batch: Photos of a step of one of them.
        rank: This one, from 0.
        ranks: How many there are.
    """

    photos: int
    batch: int
    rank: int = 0
    ranks: int = 1

    @property
    def steps(self) -> int:
        """Steps of an epoch; one short step where the photos do not fill one, none where there are none."""
        return max(self.photos // (self.batch * self.ranks), min(self.photos, 1))

    def each_step(self, order: Rows) -> Rows:
        """Of the epoch of all ranks, elements `rank::ranks` of every step of all ranks together."""
        together = self.batch * self.ranks
        if self.photos < together:
            # Fewer photos than ranks: some show the same one, because every rank needs something to do.
            return np.resize(order, max(self.photos, self.ranks))[self.rank :: self.ranks]
        # A step of all ranks begins at a multiple of `ranks`, so strides need not be taken step by step.
        return order[: self.steps * together][self.rank :: self.ranks]

    def apart(self, order: Rows) -> Rows:
        """Of the epoch of all ranks, one stretch that no other rank touches, as long for every rank."""
        if self.photos < self.batch * self.ranks:
            return self.each_step(order)
        size = self.photos // self.ranks
        return order[self.rank * size : (self.rank + 1) * size]

    def steps_of(self, rows: Rows) -> Rows:
        """The rows that its steps use: whole steps, and the short one only where it is the only one."""
        return rows[: self.steps * self.batch]


Sampler = Callable[[Share, int, int], Rows]
"""From the share, the seed and the epoch to the rows of this rank, in order."""


def shuffle() -> Sampler:
    """Every photo once, in a random order."""

    def order(share: Share, seed: int, epoch: int) -> Rows:
        return share.each_step(order_chance(seed, epoch).permutation(share.photos))

    return order


def balanced(labels: NDArray[np.integer]) -> Sampler:
    """Every class as often, give or take one, and as many photos as there are.

    Within a class the photos go round: one comes again only after all the others have come as often.

    Args:
        labels: int [n], class of each photo; those of -1 never come.
    """
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels[labels >= 0])]

    def order(share: Share, seed: int, epoch: int) -> Rows:
        chance = order_chance(seed, epoch)
        wanted = np.full(len(groups), share.photos // len(groups))
        wanted[chance.permutation(len(groups))[: share.photos % len(groups)]] += 1
        drawn = [_rounds(group, int(count), chance) for group, count in zip(groups, wanted, strict=True)]
        return share.each_step(chance.permutation(np.concatenate(drawn)))

    return order


def shards(photos: Sequence[AnyPhoto]) -> Sampler:
    """Every photo once, in chunks that are read front to back: for large archives and slow disks.

    Chunks of `CHUNK` photos that lie behind each other come in a random order from all over the data, whatever file
    they are in, and photos are chosen by chance among those of the `WINDOW` nearest. Archives with one class each are
    mixed too, which a window over whole archives would not do. Each rank reads chunks that no other reads.

    Args:
        photos: All photos.
    """
    stored, starts = _chunks(photos)

    def order(share: Share, seed: int, epoch: int) -> Rows:
        chance = order_chance(seed, epoch)
        turn = chance.permutation(len(starts) - 1)
        stream = np.concatenate([stored[starts[each] : starts[each + 1]] for each in turn.tolist()])
        rows = share.apart(stream)
        for start in range(0, len(rows), WINDOW):
            chance.shuffle(rows[start : start + WINDOW])
        return rows

    return order


SAMPLINGS = ("shuffle", "balanced", "shards")
"""Ways to choose the photos of an epoch."""


def sampler(name: str, photos: Sequence[AnyPhoto], labels: NDArray[np.integer]) -> Sampler:
    """A sampler by name.

    Args:
        name: One of `SAMPLINGS`.
        photos: All photos.
        labels: int [n], class of each.

    Raises:
        FovealError: `unknown-name`.
    """
    if name not in SAMPLINGS:
        raise unknown_name("sampling", name, SAMPLINGS)
    if name == "balanced" and (labels >= 0).any():
        return balanced(labels)
    return shards(photos) if name == "shards" and len(photos) else shuffle()


def turns(rows: Rows) -> Rows:
    """How often each row came before, int64 [m]: 0 for the first time."""
    by_row = np.argsort(rows, kind="stable")
    ordered = rows[by_row]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    counted = np.arange(len(rows)) - np.repeat(first, np.diff(first, append=len(rows)))
    out = np.empty(len(rows), np.int64)
    out[by_row] = counted
    return out


def _rounds(group: Rows, count: int, chance: np.random.Generator) -> Rows:
    rounds = -(-count // len(group))
    return np.concatenate([chance.permutation(group) for _ in range(rounds)] or [group[:0]])[:count]


def _chunks(photos: Sequence[AnyPhoto]) -> tuple[Rows, Rows]:
    """Rows in the order in which the photos are stored, and where each chunk of them starts, with the end."""
    files: dict[Path | None, int] = {}
    which, at = np.empty(len(photos), np.int64), np.zeros(len(photos), np.int64)
    for row, photo in enumerate(photos):
        file = photo.archive if isinstance(photo, SpanPhoto) else photo.parent if isinstance(photo, Path) else None
        which[row] = files.setdefault(file, len(files))
        at[row] = photo.start if isinstance(photo, SpanPhoto) else row
    stored = np.lexsort((at, which))
    sizes = np.bincount(which, minlength=len(files))
    ends = np.cumsum(sizes)
    starts = [np.arange(end - size, end, CHUNK) for size, end in zip(sizes.tolist(), ends.tolist(), strict=True)]
    return stored, np.concatenate([*starts, ends[-1:]])
