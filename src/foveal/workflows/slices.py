"""The columns by which photos are sliced: what is known of any photo, and what tables say besides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.photo_slices import FOLDER, KNOWN, MEASURED, PHOTO_SLICES, folders
from foveal.data.sources.table_extra import extra_columns, table_columns
from foveal.features.extract import AnyView, Extracted
from foveal.features.pixel_view import MeasureView, PixelView


def views_for_slices(names: Sequence[str]) -> list[AnyView]:
    """What has to be extracted of a photo for some columns, beside the features."""
    known = [name for name in names if name in PHOTO_SLICES]
    views: list[AnyView] = []
    if any(name not in MEASURED for name in known):
        views.append(PixelView())
    if any(name in MEASURED for name in known):
        views.append(MeasureView())
    return views


def slice_columns(
    names: Sequence[str],
    place: Path,
    dataset: Dataset,
    found: Extracted,
    rows: NDArray[np.intp],
    *,
    path_column: str = "",
) -> dict[str, list[str]]:
    """Values of every column for some photos.

    Args:
        names: Columns of the table, or those that are known of any photo: of `PHOTO_SLICES`, and "folder".
        place: The table, or what the photos were read from.
        dataset: The photos.
        found: Their features, with those of `views_for_slices`.
        rows: int [m], the photos wanted.
        path_column: The table's column that names the photos; empty = one of a usual name.

    Raises:
        FovealError: Those of `extra_columns`.
    """
    there = table_columns(place)
    wanted = [name for name in names if name in there or name not in KNOWN]
    said = extra_columns(place, dataset.take(rows), wanted, path_column=path_column) if wanted else {}
    known: dict[str, list[str]] = {}
    for name in names:
        if name in said:
            known[name] = said[name]
        elif name == FOLDER:
            known[name] = folders([dataset.paths[row] for row in rows.tolist()])
        else:
            known[name] = PHOTO_SLICES[name](found.pixels(rows))
    return known
