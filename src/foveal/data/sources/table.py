"""A table that names photos: CSV, TSV, JSON Lines or Parquet."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.options import ReadOptions
from foveal.data.sources.classes import check_classes, check_label_sets, note_alike
from foveal.data.sources.groups import numbered
from foveal.data.sources.notes import Notes
from foveal.data.sources.table_columns import Columns, find_columns
from foveal.data.sources.table_files import SUFFIXES, Table, TableFile, has_class_folders, open_table, tables_in
from foveal.data.sources.table_paths import PathStyle, find_style
from foveal.data.sources.table_refusals import no_column
from foveal.data.sources.table_repeats import Found, once_each
from foveal.data.sources.table_rows import Rows, text_of, usual_separator
from foveal.errors import FovealError
from foveal.types.names import Names
from foveal.types.text import printable

_SAMPLE_ROWS = 1000
_SAMPLE = 32


@dataclass(frozen=True)
class _Opened:
    file: TableFile
    table: Table
    columns: Columns
    style: PathStyle


class TableSource:
    """Rows give the photos: a path column, and columns for label or labels, split and group.

    Columns are found by usual names (`table_columns.USUAL`) or named by the user. Paths are relative to the table, or
    absolute. An empty label leaves the photo unlabelled; an empty cell of labels is the empty set. Whole numbers are
    class names like any other, in the order of their values.

    A folder is read as a table where it holds one table of a usual name, or one a part, and is no folder of classes.

    A photo takes 13 bytes besides the bytes of its path, 8 more for a group, and twice that while rows are read. A
    million rows of CSV take 2.7 seconds, of JSON Lines 4.3, of Parquet 1.8.
    """

    options: ClassVar[frozenset[str]] = frozenset({"columns", "separator"})

    def detect(self, path: Path) -> bool:
        """Whether it is a file with a table's ending, or a folder described by a table."""
        try:
            if path.is_dir():
                return bool(tables_in(path)) and not has_class_folders(path)
            return path.suffix.lower() in SUFFIXES and path.is_file()
        except OSError:  # a folder on the way that may not be opened
            return False

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos that a table names; none is looked for but a sample that tells how the paths are meant.

        Args:
            path: The table, or a folder that holds it.
            options: `labelled`, `columns`, `separator`.

        Raises:
            FovealError: `table-unreadable`, `table-header`, `table-columns`, `table-labels`, `unknown-part`,
                `photos-elsewhere`, `needs-extra`, `no-table`, `no-photos`, `unknown-name`, `bad-option`; labelled also
                `one-class`, `class-mismatch`.
        """
        files = tables_in(path) if path.is_dir() else [TableFile(path, "", None)]
        if not files:
            raise _no_table(path)
        root = path if path.is_dir() else path.parent
        opened = [_open(file, root, options, first=file is files[0]) for file in files]
        if options.labelled and opened[0].columns.label is None:
            path_column = opened[0].columns.path
            raise no_column(opened[0].file.path, "label", opened[0].table.columns, known=path_column)
        return _read(path, root, opened, options)


def _open(file: TableFile, root: Path, options: ReadOptions, *, first: bool) -> _Opened:
    table = open_table(file.path)
    # the table of a test part may well lack the labels
    named = {role: name for role, name in options.columns.items() if first or role == "path" or name in table.columns}
    columns = find_columns(
        file.path,
        table.columns,
        named,
        labelled=options.labelled,
        without_text=getattr(table, "without_text", ()),
    )
    cells = [text_of(row[0], file.path) for row in itertools.islice(table.rows(columns.wanted), _SAMPLE_ROWS)]
    cells = [cell for cell in cells if cell]
    style = find_style(file.path, root, file.inside, cells[:: max(1, len(cells) // _SAMPLE)])
    return _Opened(file, table, columns, style)


def _read(place: Path, root: Path, opened: list[_Opened], options: ReadOptions) -> Dataset:
    notes = Notes()
    several = opened[0].columns.several
    rows = Rows(place, several=several, separator=_separator(opened, options, notes), notes=notes)
    paths = Names(itertools.chain.from_iterable(_paths(rows, each, notes) for each in opened))
    if not len(paths):
        raise FovealError(
            "no-photos",
            f"{printable(str(place))}: expected rows that name photos, got none",
            hint="check that it is the right table, and that its path column is filled in",
        )
    labels = np.full(len(paths), UNLABELLED, np.int32) if several else np.frombuffer(rows.labels, np.int32)
    sets = LabelSets(np.frombuffer(rows.set_ends, np.int64), np.array(rows.labels, np.int32)) if several else None
    parts, groups = np.frombuffer(rows.parts, np.int8), np.frombuffer(rows.groups, np.int64)
    found = once_each(Found(paths, labels, parts, groups, sets), np.frombuffer(rows.hashes, np.int64), notes)
    names, moved = rows.classes.in_order(found.labels if found.sets is None else found.sets.classes)
    labels = moved[found.labels]
    if found.sets is not None:
        sets = _in_class_order(found.sets, moved)
    if options.labelled:
        _check(place, names, labels, sets, found, notes)
    return Dataset(
        root, found.paths, labels, names, found.parts, notes.findings(), label_sets=sets, groups=numbered(found.groups)
    )


def _paths(rows: Rows, each: _Opened, notes: Notes) -> Iterator[str]:
    if each.style.folder != each.file.inside or each.style.suffix:
        notes.add("paths-completed", f"{each.style.folder}…{each.style.suffix}")
    if not each.style.found:
        notes.add("photos-not-found", each.file.path.name)
    part = each.file.part if each.columns.split is None else None
    unsaid = 0 if each.columns.split is None else None
    return rows.paths(each.table.rows(each.columns.wanted), each.style, unsaid if part is None else part)


def _separator(opened: list[_Opened], options: ReadOptions, notes: Notes) -> str:
    """Between the labels of a cell; found in all rows, since one cell with two labels decides for all the others."""
    if not opened[0].columns.several or options.separator != "auto":
        return options.separator
    wanted = [(each.table, (each.columns.label, None)) for each in opened if each.columns.label is not None]
    separator = usual_separator(row[0] for table, columns in wanted for row in table.rows(columns))
    if separator == " ":
        notes.add("labels-split-at-blanks", opened[0].file.path.name)
    return separator


def _in_class_order(sets: LabelSets, moved: NDArray[np.int32]) -> LabelSets:
    """The sets with the final class indices, rising within each photo."""
    photo = np.repeat(np.arange(len(sets)), np.diff(sets.starts))
    classes = moved[sets.classes]
    return LabelSets(sets.starts, classes[np.lexsort((classes, photo))])


def _check(
    place: Path,
    names: tuple[str, ...],
    labels: NDArray[np.int32],
    sets: LabelSets | None,
    found: Found,
    notes: Notes,
) -> None:
    note_alike(names, notes)
    if sets is not None:
        check_label_sets(place, names, sets, found.parts, notes)
        return
    check_classes(place, names, labels, found.parts)
    for row in np.flatnonzero(labels == UNLABELLED).tolist():
        notes.add("row-without-label", found.paths[row])


def _no_table(path: Path) -> FovealError:
    return FovealError(
        "no-table",
        f"expected one table of a usual name in {printable(str(path))} (labels.csv, metadata.jsonl, train.csv and "
        "test.csv …), got none or several",
        hint="name the table itself instead of the folder",
    )
