"""A dataset from files of plain numbers: one chunk for each array of photos, with its labels beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.raw_pixels import PixelBlock, RawPixels
from foveal.data.sources.published import damaged, empty, miscounted, put_together
from foveal.types.finding import Finding

MOST_CLASSES = 100_000
"""More numbers of classes than any published dataset has; a larger one is damage."""


class Chunk(NamedTuple):
    """Photos that lie one after the other.

    Args:
        name: What their names begin with.
        block: Where their pixels are.
        photos: How many there are.
        part: Index into `PART_NAMES`.
        labels: int [photos] class of each; bool [photos, C] labels of each; None where classes do not matter.
    """

    name: str
    block: PixelBlock
    photos: int
    part: int
    labels: NDArray[Any] | None


def dataset_of(
    root: Path, chunks: Sequence[Chunk], class_names: Sequence[str] = (), findings: tuple[Finding, ...] = ()
) -> Dataset:
    """The photos of all chunks, in order.

    Args:
        root: What the user named.
        chunks: Where they are.
        class_names: Name of each class by its number; none: the numbers are the names.
        findings: What was noticed.

    Raises:
        FovealError: `no-photos`. `label-count`, `dataset-damaged`: labels that do not fit the photos or the names.
    """
    counts = [chunk.photos for chunk in chunks]
    for chunk in chunks:
        if chunk.labels is not None and len(chunk.labels) != chunk.photos:
            raise miscounted(chunk.block.file, chunk.photos, len(chunk.labels))
    if not sum(counts):
        raise empty(root)
    places = RawPixels(
        tuple(chunk.block for chunk in chunks),
        np.repeat(np.arange(len(chunks), dtype=np.int32), counts),
        np.concatenate([np.arange(count, dtype=np.int64) for count in counts]),
    )
    labels, names = _labels(chunks, class_names)
    return put_together(
        root,
        _names(chunks),
        places,
        parts=np.repeat([chunk.part for chunk in chunks], counts),
        labels=labels,
        class_names=names,
        findings=findings,
    )


def _names(chunks: Sequence[Chunk]) -> Iterator[str]:
    """`train/00017`: the number in the file with as many digits as its last one."""
    for chunk in chunks:
        digits = len(str(max(chunk.photos - 1, 0)))
        for row in range(chunk.photos):
            yield f"{chunk.name}/{row:0{digits}}"


def _labels(
    chunks: Sequence[Chunk], class_names: Sequence[str]
) -> tuple[NDArray[np.integer[Any]] | LabelSets | None, Sequence[str]]:
    given = [chunk.labels for chunk in chunks if chunk.labels is not None]
    if len(given) < len(chunks):
        return None, ()
    where = chunks[0].block.file
    if any(each.ndim != given[0].ndim or each.shape[1:] != given[0].shape[1:] for each in given):
        raise damaged(where, "labels of the same kind for every part", str([list(each.shape) for each in given]))
    joined = np.concatenate(given)
    if joined.ndim == 2:
        least, classes = 0, joined.shape[1]
    else:
        least, classes = int(joined.min()), int(joined.max()) + 1
    if least < 0 or classes > (len(class_names) or MOST_CLASSES):
        expected = f"labels from 0 to {(len(class_names) or MOST_CLASSES) - 1}"
        raise damaged(where, expected, f"{least} to {classes - 1}")
    names = class_names or [str(number) for number in range(classes)]
    if joined.ndim == 1:
        return joined.astype(np.int64), names
    photos, numbers = np.nonzero(joined)
    starts = np.zeros(len(joined) + 1, np.int64)
    np.cumsum(np.bincount(photos, minlength=len(joined)), out=starts[1:])
    return LabelSets(starts, numbers.astype(np.int32)), names
