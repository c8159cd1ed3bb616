"""What a table says of photos besides their class: camera, site, age."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from foveal.data.dataset import Dataset
from foveal.data.photo_slices import KNOWN
from foveal.data.sources.table_columns import find_columns
from foveal.data.sources.table_files import SUFFIXES, TableFile, open_table, tables_in
from foveal.data.sources.table_paths import find_style
from foveal.data.sources.table_rows import text_of
from foveal.errors import FovealError, unknown_name
from foveal.types.text import printable

_SAMPLE = 32


def table_columns(place: Path) -> frozenset[str]:
    """Names of the columns of a table, or that all tables of a folder have; empty where there is no table.

    Args:
        place: See `extra_columns`.

    Raises:
        FovealError: `not-found`, `table-unreadable`, `table-header`.
    """
    found = [frozenset(open_table(file.path).columns) for file in _tables(place)]
    return frozenset.intersection(*found) if found else frozenset()


def extra_columns(
    place: Path, dataset: Dataset, names: Sequence[str], *, path_column: str = ""
) -> dict[str, list[str]]:
    """Values of some columns for every photo of a dataset; empty where no row names the photo.

    Photos are found by their paths; where none of these fits, by the file names that one photo and one row have.

    Args:
        place: A table that names photos, or a folder that `tables_in` finds tables in.
        dataset: The photos.
        names: Names of columns.
        path_column: The column that names the photos; empty = one of a usual name.

    Raises:
        FovealError: `no-columns`: there is no table. `unknown-name`: a table without such a column.
            `slices-mismatch`: no row names any of the photos. `not-found`, `table-unreadable`, `table-header`,
            `table-columns`.
    """
    files = _tables(place)
    if not files:
        near = [each for name in names for each in difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.8)]
        raise FovealError(
            "no-columns",
            f"--slices {','.join(map(printable, names))}: expected a table with such columns, got "
            f"{printable(str(place))}, which has none",
            hint=f"did you mean {' or '.join(near)}?"
            if near
            else f"name a table with --slices-from TABLE.csv, or slice by {', '.join(KNOWN)}",
        )
    by_path: dict[str, tuple[str, ...]] = {}
    root = place if place.is_dir() else place.parent
    for file in files:
        by_path |= _values(file, root, names, path_column)
    nothing = ("",) * len(names)
    there = os.path.relpath(dataset.root.absolute(), root.absolute()).replace(os.sep, "/")
    below = dataset.paths if there == "." else tuple(f"{there}/{path}" for path in dataset.paths)
    whole = os.path.normpath(dataset.root.absolute()).replace(os.sep, "/").rstrip("/")
    found = [
        by_path.get(path) or by_path.get(longer) or by_path.get(f"{whole}/{path}")
        for path, longer in zip(dataset.paths, below, strict=True)
    ]
    if not any(found):
        found = _by_name(by_path, dataset.paths)
    if not any(found):
        raise FovealError(
            "slices-mismatch",
            f"{printable(str(place))}: expected rows that name the photos of {printable(str(dataset.root))}, got none",
            hint="its path column must hold their paths, or file names that occur once",
        )
    return {name: [(values or nothing)[at] for values in found] for at, name in enumerate(names)}


def _tables(place: Path) -> list[TableFile]:
    """The tables that a place stands for."""
    if place.is_dir():
        return tables_in(place)
    if place.suffix.lower() not in SUFFIXES:
        return []
    if not place.exists():
        raise FovealError(
            "not-found", f"{printable(str(place))}: expected a table, got nothing there", hint="check the path"
        )
    return [TableFile(place, "", None)]


def _by_name(by_path: Mapping[str, tuple[str, ...]], paths: Sequence[str]) -> list[tuple[str, ...] | None]:
    """What the rows say of each photo whose file name occurs once among the rows and once among the photos."""
    rows, photos = (Counter(PurePosixPath(path).name for path in each) for each in (by_path, paths))
    by_name = {PurePosixPath(path).name: values for path, values in by_path.items()}
    names = [PurePosixPath(path).name for path in paths]
    return [by_name[name] if rows[name] == photos[name] == 1 else None for name in names]


def _values(file: TableFile, root: Path, names: Sequence[str], path_column: str) -> dict[str, tuple[str, ...]]:
    """Cells of the columns by path relative to the root."""
    table = open_table(file.path)
    for name in names:
        if name not in table.columns:
            raise unknown_name(f"column in {printable(file.path.name)}", name, (*table.columns, *KNOWN))
    named = {"path": path_column} if path_column else {}
    path = find_columns(file.path, table.columns, named, labelled=False).path
    wanted = (path, *(table.columns.index(name) for name in names))
    rows = [tuple(text_of(cell, file.path) for cell in row) for row in table.rows(wanted)]
    cells = [row[0] for row in rows if row[0]]
    style = find_style(file.path, root, file.inside, cells[:: max(1, len(cells) // _SAMPLE)])
    return {style.path(row[0]): row[1:] for row in rows if row[0]}
