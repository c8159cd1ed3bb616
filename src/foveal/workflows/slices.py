"""The columns by which photos are sliced: what is known of any photo, and what tables say besides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.photo_slices import FOLDER, PHOTO_SLICES, folders
from foveal.data.sources.table_extra import extra_columns
from foveal.features.extract import Extracted


def needs_pixels(names: Sequence[str]) -> bool:
    """Whether any of the columns is known from a photo's pixels or file, for which a `PixelView` is extracted."""
    return any(name in PHOTO_SLICES for name in names)


def slice_columns(
    names: Sequence[str], place: Path, dataset: Dataset, found: Extracted, rows: NDArray[np.intp]
) -> dict[str, list[str]]:
    """Values of every column for some photos.

    Args:
        names: Columns; those of `PHOTO_SLICES` and "folder" are known of any photo, others stand in a table.
        place: The table, or what the photos were read from.
        dataset: The photos.
        found: Their features, with a `PixelView` where `needs_pixels`.
        rows: int [m], the photos wanted.

    Raises:
        FovealError: Those of `extra_columns`.
    """
    pixels = found.pixels(rows) if needs_pixels(names) else None
    known: dict[str, list[str]] = {}
    wanted = [name for name in names if name not in PHOTO_SLICES and name != FOLDER]
    said = extra_columns(place, dataset.take(rows), wanted) if wanted else {}
    for name in names:
        if name in PHOTO_SLICES and pixels is not None:
            known[name] = PHOTO_SLICES[name](pixels)
        elif name == FOLDER:
            known[name] = folders([dataset.paths[row] for row in rows.tolist()])
        else:
            known[name] = said[name]
    return known
