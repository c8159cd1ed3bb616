"""What a table says of photos besides their class: camera, site, age."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from foveal.data.dataset import Dataset
from foveal.data.sources.table_columns import find_columns
from foveal.data.sources.table_files import SUFFIXES, TableFile, open_table, tables_in
from foveal.data.sources.table_paths import find_style
from foveal.data.sources.table_rows import text_of
from foveal.errors import FovealError, unknown_name
from foveal.types.text import printable

_SAMPLE = 32


def extra_columns(place: Path, dataset: Dataset, names: Sequence[str]) -> dict[str, list[str]]:
    """Values of some columns for every photo of a dataset; empty where no row names the photo.

    A photo is found by its path, and where no path fits by its file name, if just one row has it.

    Args:
        place: A table that names photos, or a folder that `tables_in` finds tables in.
        dataset: The photos.
        names: Names of columns.

    Raises:
        FovealError: `no-columns`: there is no table. `unknown-name`: a table without such a column.
            `slices-mismatch`: no row names any of the photos. `table-unreadable`, `table-header`, `table-columns`.
    """
    files = tables_in(place) if place.is_dir() else [TableFile(place, "", None)]
    if not files or (not place.is_dir() and place.suffix.lower() not in SUFFIXES):
        raise FovealError(
            "no-columns",
            f"--slices {','.join(map(printable, names))}: expected a table with such columns, got "
            f"{printable(str(place))}, which has none",
            hint="name a table with --slices-from TABLE.csv, or slice by what is known of any photo: see --help",
        )
    by_path: dict[str, tuple[str, ...]] = {}
    root = place if place.is_dir() else place.parent
    for file in files:
        by_path |= _values(file, root, names)
    by_name: dict[str, tuple[str, ...] | None] = {}
    for path, values in by_path.items():
        name = PurePosixPath(path).name
        by_name[name] = None if name in by_name else values
    nothing = ("",) * len(names)
    there = os.path.relpath(dataset.root.absolute(), root.absolute()).replace(os.sep, "/")
    found = []
    for path in dataset.paths:
        below = path if there == "." else f"{there}/{path}"
        found.append(by_path.get(path) or by_path.get(below) or by_name.get(PurePosixPath(path).name))
    if not any(found):
        raise FovealError(
            "slices-mismatch",
            f"{printable(str(place))}: expected rows that name the photos of {printable(str(dataset.root))}, got none",
            hint="its path column must hold their paths, or file names that occur once",
        )
    return {name: [(values or nothing)[at] for values in found] for at, name in enumerate(names)}


def _values(file: TableFile, root: Path, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Cells of the columns by path relative to the root."""
    table = open_table(file.path)
    for name in names:
        if name not in table.columns:
            raise unknown_name(f"column in {printable(file.path.name)}", name, table.columns)
    path = find_columns(file.path, table.columns, {}, labelled=False).path
    wanted = (path, *(table.columns.index(name) for name in names))
    rows = [tuple(text_of(cell, file.path) for cell in row) for row in table.rows(wanted)]
    cells = [row[0] for row in rows if row[0]]
    style = find_style(file.path, root, file.inside, cells[:: max(1, len(cells) // _SAMPLE)])
    return {style.path(row[0]): row[1:] for row in rows if row[0]}
