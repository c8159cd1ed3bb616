"""The tables of a folder, and which part each stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from foveal.data.sources.parts import PART_WORDS, part_of
from foveal.data.sources.table_lines import LinesTable
from foveal.data.sources.table_parquet import ParquetTable
from foveal.data.sources.table_paths import PHOTO_FOLDERS
from foveal.data.sources.table_refusals import unreadable
from foveal.data.sources.table_text import TextTable
from foveal.data.sources.walk import IGNORED
from foveal.imaging.formats import IMAGE_SUFFIXES

_TEXT = (".csv", ".tsv", ".tab")
_LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
"""Endings of Parquet files, which hold photos or paths."""

SUFFIXES = frozenset((*_TEXT, *_LINES, *PARQUET))
"""Endings of tables, lower case."""

_ENDINGS = tuple(SUFFIXES)

# `metadata.csv` is how Hugging Face image folders call theirs, with a column `file_name`.
_USUAL_STEMS = frozenset(
    ("labels", "label", "metadata", "annotations", "annotation", "dataset", "train_labels", "photos", "images")
)
_MOST_CHILDREN = 100


class Table(Protocol):
    """Rows under named columns."""

    columns: tuple[str, ...]

    def rows(self, wanted: Sequence[int | None]) -> Iterator[tuple[Any, ...]]:
        """The cells of the wanted columns, row after row."""
        ...


class TableFile(NamedTuple):
    """A table, and what its place says of its photos.

    Args:
        path: The file.
        inside: Its folder, relative to the root of the dataset, with "/" at the end; empty for the root itself.
        part: Part that its photos belong to where no column says so; None where nothing says so.
    """

    path: Path
    inside: str
    part: int | None


def open_table(path: Path) -> Table:
    """A table, opened as its ending says.

    Raises:
        FovealError: `table-unreadable`, `table-header`, `needs-extra`.
    """
    if not path.is_file():
        raise unreadable(path, "a pipe, a socket or a link that leads nowhere")  # a pipe would be waited for for ever
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        return ParquetTable(path)
    return LinesTable(path) if suffix in _LINES else TextTable(path)


def tables_in(folder: Path) -> list[TableFile]:
    """The tables by which a folder says what its photos are; none where that is not certain.

    One table of a usual name (`labels.csv`, `metadata.jsonl` …), or one a part: `train.csv` and `test.csv`, or
    `train/metadata.csv` and `test/metadata.csv`.
    """
    names = _names(folder)
    tables = [name for name in names if name.lower().endswith(_ENDINGS)]
    usual = [name for name in tables if Path(name).stem.lower() in _USUAL_STEMS]
    of_part = {name: PART_WORDS[Path(name).stem.lower()] for name in tables if Path(name).stem.lower() in PART_WORDS}
    if len(usual) + bool(of_part) > 1:
        return []
    if usual:
        return [TableFile(folder / usual[0], "", None)]
    if of_part:
        return _each_once([TableFile(folder / name, "", part) for name, part in of_part.items()])
    parts = [name for name in names if part_of(name) is not None]
    found = [TableFile(path, f"{name}/", part) for name in parts for path, part in _inside(folder / name)]
    return _each_once(found)


def has_class_folders(folder: Path) -> bool:
    """Whether folders give the classes: two or more that hold photos, at the top or below `train`."""
    holders = [name for name in _names(folder) if name.lower() not in IGNORED and _holds_photos(folder / name)]
    if holders and all(part_of(name) is not None for name in holders):
        return any(sum(map(_holds_photos, _children(folder / name))) > 1 for name in holders)
    return len(holders) > 1 and not any(name.lower() in PHOTO_FOLDERS for name in holders)


def _inside(folder: Path) -> list[tuple[Path, int]]:
    part = part_of(folder.name)
    if part is None:
        return []
    names = [Path(name) for name in _names(folder)]
    found = [name for name in names if name.stem.lower() == "metadata" and name.suffix.lower() in SUFFIXES]
    return [(folder / name, part) for name in found]


def _each_once(found: list[TableFile]) -> list[TableFile]:
    """In the order of the parts; none where two tables claim one part, or no table is for learning."""
    parts = sorted(each.part for each in found if each.part is not None)
    certain = len(set(parts)) == len(parts) and 0 in parts
    return sorted(found, key=lambda each: each.part or 0) if certain else []


def _holds_photos(folder: Path, depth: int = 2) -> bool:
    """Whether photos lie in a folder or just below; looks at the first names only."""
    children = _names(folder, most=_MOST_CHILDREN)
    if any(name.lower().endswith(tuple(IMAGE_SUFFIXES)) for name in children):
        return True
    return depth > 1 and any(_holds_photos(folder / name, depth - 1) for name in children)


def _children(folder: Path) -> list[Path]:
    return [folder / name for name in _names(folder, most=_MOST_CHILDREN)]


def _names(folder: Path, most: int | None = None) -> list[str]:
    """What lies in a folder, hidden things left out; nothing where it may not be opened or is none."""
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    names.append(entry.name)
                if len(names) == most:
                    break
    except OSError:
        return []
    return sorted(names)
