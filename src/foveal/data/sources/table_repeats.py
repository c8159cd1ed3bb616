"""Rows that name the same photo."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.data.label_sets import LabelSets
from foveal.data.sources.notes import Notes
from foveal.types.names import Names


@dataclass(frozen=True)
class Found:
    """What the rows of a table said, a photo a row.

    Args:
        paths: Path of each photo.
        labels: int32 [n], numbers of classes; -1 = none.
        parts: int8 [n].
        groups: int64 [n].
        sets: Labels of each photo, where it may have several.
    """

    paths: Names
    labels: NDArray[np.int32]
    parts: NDArray[np.int8]
    groups: NDArray[np.int64]
    sets: LabelSets | None


def once_each(found: Found, hashes: NDArray[np.int64], notes: Notes) -> Found:
    """Every photo once.

    Rows that say the same count once. Rows that name different labels, or different parts, contradict each other, and
    nobody knows which is right: the photo is left out. A row without a label gives way to one with a label. Where
    photos may have several labels, the rows of one photo add up.

    Args:
        found: As the rows said.
        hashes: int64 [n], equal for equal paths.
        notes: Takes repeats and contradictions.
    """
    order = np.argsort(hashes, kind="stable")
    same = np.diff(hashes[order]) == 0
    if not same.any():
        return found
    # plain lists, since numpy is slow at millions of handfuls of rows
    parts, labels = found.parts.tolist(), found.labels.tolist()
    first = array("q", range(len(parts)))
    for rows in _runs(found.paths, order, same):
        kept = _agreed(rows, parts, labels)
        notes.add("rows-disagree" if kept < 0 else "row-repeated", found.paths[rows[0]])
        for row in rows:
            first[row] = kept
    goes_to = np.frombuffer(first, np.int64)
    left = np.flatnonzero(goes_to == np.arange(len(parts)))
    sets = None if found.sets is None else _added_up(found.sets, goes_to).take(left)
    return Found(found.paths.take(left), found.labels[left], found.parts[left], found.groups[left], sets)


def _agreed(rows: list[int], parts: list[int], labels: list[int]) -> int:
    """The row that stands for all of them, the first with a label; -1 where they contradict each other."""
    known = [row for row in rows if labels[row] >= 0]
    if len({parts[row] for row in rows}) > 1 or len({labels[row] for row in known}) > 1:
        return -1
    return (known or rows)[0]


def _runs(paths: Names, order: NDArray[np.intp], same: NDArray[np.bool_]) -> Iterator[list[int]]:
    """Rows of one path, two or more, in their order; equal hashes of different paths are told apart."""
    starts = np.flatnonzero(same & ~np.concatenate([[False], same[:-1]]))
    stops = np.flatnonzero(same & ~np.concatenate([same[1:], [False]])) + 2
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        by_path: dict[str, list[int]] = {}
        for row in order[start:stop].tolist():
            by_path.setdefault(paths[row], []).append(row)
        yield from (rows for rows in by_path.values() if len(rows) > 1)


def _added_up(sets: LabelSets, goes_to: NDArray[np.int64]) -> LabelSets:
    """The labels of each row with those of the rows that go to it; -1 goes nowhere."""
    row = goes_to[np.repeat(np.arange(len(sets)), np.diff(sets.starts))]
    pairs = np.unique(np.stack([row, sets.classes])[:, row >= 0], axis=1)
    starts = np.zeros(len(sets) + 1, np.int64)
    np.cumsum(np.bincount(pairs[0], minlength=len(sets)), out=starts[1:])
    return LabelSets(starts, pairs[1].astype(np.int32))
