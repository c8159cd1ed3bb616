"""Which photos must stay on one side of any split, from everything there is to tell it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.splits import count_grouped
from foveal.errors import unknown_name
from foveal.grouping.bursts import Links, burst_links, frame_links, time_links
from foveal.grouping.components import components
from foveal.grouping.near_duplicates import Pairs

KINDS = ("group", "duplicates", "frames", "time", "bursts")
"""What photos can belong together by: the user's own groups, near-duplicates, names of video frames, EXIF time and
camera, and numbered names of photos that look alike."""

_GUESSES = ("frames", "time", "bursts")

# A guess that makes one group of more than this share of a class says more about how the files were named or copied
# than about the photos, and would leave nothing to measure on.
_LARGEST_SHARE = 0.5


@dataclass(frozen=True)
class Grouping:
    """The groups of m photos.

    Args:
        numbers: int64 [m]; photos of one group share a number.
        linked: Photos that each kind of evidence puts into a group with others, for kinds that were looked at.
        passed_over: Kinds of evidence that would have put most of a class into one group.
    """

    numbers: NDArray[np.int64]
    linked: Mapping[str, int]
    passed_over: tuple[str, ...]

    @property
    def grouped(self) -> int:
        """Photos that share their group with others."""
        return count_grouped(self.numbers)


def kinds_named(by: str) -> tuple[str, ...]:
    """Kinds of evidence from "auto" (all), "none", or names with commas between.

    Raises:
        FovealError: `unknown-name`.
    """
    if by == "auto":
        return KINDS
    names = () if by == "none" else tuple(name.strip() for name in by.split(","))
    for name in names:
        if name not in KINDS:
            # "auto" and "none" stand alone: among other names they are as unknown as any other word.
            raise unknown_name("kind of group", name, KINDS if len(names) > 1 else ("auto", "none", *KINDS))
    return names


def infer_groups(
    dataset: Dataset,
    rows: NDArray[np.intp],
    *,
    pixels: NDArray[np.void],
    embeddings: NDArray[np.floating],
    contents: NDArray[np.integer[Any]],
    pairs: Pairs,
    by: str = "auto",
) -> Grouping:
    """Put together what belongs together.

    Args:
        dataset: The photos.
        rows: int [m], those concerned.
        pixels: `PIXELS` [m].
        embeddings: float [m, D].
        contents: int [m]; photos with the same bytes share a number. They stay together whatever `by` says.
        pairs: Near-duplicates among them.
        by: See `kinds_named`.

    Raises:
        FovealError: `unknown-name`.
    """
    kinds = kinds_named(by)
    some = dataset.take(rows)
    names = list(some.paths)
    # Photos of several labels have no class that could be swallowed, only the whole.
    classes = np.zeros(len(some), np.int32) if some.multi_label else some.labels
    facts = pixels["facts"]
    ways: dict[str, Callable[[], Links]] = {
        "group": partial(_shared, some.groups),
        "duplicates": lambda: (pairs.first, pairs.second),
        "frames": partial(frame_links, names),
        "time": partial(time_links, facts["taken"], facts["camera"]),
        "bursts": partial(burst_links, names, some.labels, embeddings),
    }
    found = [_shared(contents)]
    linked: dict[str, int] = {}
    passed_over: list[str] = []
    for kind in kinds:
        links = ways[kind]()
        if kind in _GUESSES and _swallows_a_class(links, classes):
            passed_over.append(kind)
            continue
        linked[kind] = len(np.unique(np.concatenate(links)))
        found.append(links)
    first, second = (np.concatenate(side) for side in zip(*found, strict=True))
    return Grouping(components(first, second, len(rows)), linked, tuple(passed_over))


def _shared(groups: NDArray[np.integer[Any]] | None) -> Links:
    """Links between photos with the same number; those with -1 belong to nothing."""
    if groups is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.argsort(groups, kind="stable")
    same = (groups[order][1:] == groups[order][:-1]) & (groups[order][1:] >= 0)
    return order[:-1][same].astype(np.int64), order[1:][same].astype(np.int64)


def _swallows_a_class(links: Links, labels: NDArray[np.int32]) -> bool:
    """Whether some group would hold most of a class that has more than a few photos."""
    numbers = components(*links, len(labels))
    known = np.flatnonzero(labels >= 0)
    pairs, counts = np.unique(np.stack([numbers[known], labels[known]]), axis=1, return_counts=True)
    sizes = np.bincount(labels[known]) if len(known) else np.zeros(1, np.int64)
    return bool(len(known) and (counts > np.maximum(_LARGEST_SHARE * sizes[pairs[1]], 2)).any())
