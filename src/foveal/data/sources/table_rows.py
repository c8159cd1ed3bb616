"""What the rows of a table say, gathered into arrays; no row is kept as Python objects."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from foveal.data.sources.classes import ClassNumbers
from foveal.data.sources.groups import of_text
from foveal.data.sources.names import class_name
from foveal.data.sources.notes import Notes
from foveal.data.sources.parts import part_of, unknown_parts
from foveal.data.sources.table_paths import PathStyle
from foveal.errors import FovealError
from foveal.types.text import printable

SEPARATORS = "|;, "
_MOST_UNKNOWN = 20


class Rows:
    """Takes rows and keeps, for each photo: its label or labels, part, group and a hash of its path.

    Args:
        place: The table, for messages.
        several: Whether there may be several labels.
        separator: Between them; empty where a list stands in each cell.
        notes: Takes rows without a path.
    """

    def __init__(self, place: Path, *, several: bool, separator: str, notes: Notes) -> None:
        self.classes = ClassNumbers()
        self.labels = array("i")
        self.set_ends = array("q", [0])
        self.parts = array("b")
        self.groups = array("q")
        self.hashes = array("q")
        self._place = place
        self._several = several
        self._separator = separator
        self._notes = notes
        self._known: dict[Any, int] = {}
        self._parts: dict[Any, int] = {}
        self._unknown_parts: dict[str, None] = {}

    def paths(self, rows: Iterable[tuple[Any, ...]], style: PathStyle, part: int | None) -> Iterator[str]:
        """Take rows and yield the path of each photo.

        Args:
            rows: Cells of path, label, split and group.
            style: How a cell becomes a path.
            part: Part of every photo, whatever the cell says; None to ask the cell.

        Raises:
            FovealError: `table-labels`, `unknown-part`; and what reading the rows raises.
        """
        for number, (name, label, split, group) in enumerate(rows, start=1):
            if not isinstance(name, str):
                name = text_of(name, self._place)  # noqa: PLW2901
            if not name:
                self._notes.add("row-without-path", f"row {number}")
                continue
            path = style.path(name)
            self.hashes.append(hash(path))
            self.parts.append(self._part(split) if part is None else part)
            self.groups.append(of_text(group if isinstance(group, str) else text_of(group, self._place)))
            if self._several:
                self.labels.extend(self._numbers(label))
                self.set_ends.append(len(self.labels))
            else:
                self.labels.append(self._number(label))
            yield path
        if self._unknown_parts:
            raise unknown_parts(self._place, "the split column", self._unknown_parts)

    def _number(self, cell: Any) -> int:
        try:
            number = self._known.get(cell)
        except TypeError:
            raise self._bad_label(cell) from None
        if number is None:
            number = self.classes.number(class_name(text_of(cell, self._place)))
            self._known[cell] = number
        return number

    def _numbers(self, cell: Any) -> list[int]:
        if cell is None or isinstance(cell, list):
            pieces = cell or []
        else:
            text = text_of(cell, self._place)
            pieces = text.split(self._separator) if self._separator else [text]
        return sorted({self._number(piece) for piece in pieces} - {-1})

    def _part(self, cell: Any) -> int:
        known = self._parts.get(cell)
        if known is None:
            text = text_of(cell, self._place)
            known = part_of(text)
            if known is None:
                known = 0
                if len(self._unknown_parts) < _MOST_UNKNOWN:
                    self._unknown_parts[text] = None
            self._parts[cell] = known
        return known

    def _bad_label(self, cell: Any) -> FovealError:
        return FovealError(
            "table-labels",
            f"{printable(str(self._place))}: expected one label in a cell, got {printable(str(cell)[:80])}",
            hint="where photos may have several labels, name the column as labels: --columns labels=NAME",
        )


def text_of(cell: Any, place: Path) -> str:
    """A cell as text; empty for none.

    Raises:
        FovealError: `table-labels`: it holds something else than text or a number.
    """
    if isinstance(cell, str):
        return cell.strip()
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, list | dict | bytes):
        raise FovealError(
            "table-labels",
            f"{printable(str(place))}: expected text or a number in a cell, got {type(cell).__name__} "
            f"{printable(str(cell)[:80])}",
            hint="name another column with --columns, or write plain text there",
        )
    return str(cell)


def usual_separator(cells: Iterable[Any]) -> str:
    """The first of `SEPARATORS` that occurs in any cell of text; empty for none."""
    seen: set[str] = set()
    for cell in cells:
        if isinstance(cell, str):
            text = cell.strip()
            seen |= {each for each in SEPARATORS if each in text}
            if SEPARATORS[0] in seen:
                break
    return next((each for each in SEPARATORS if each in seen), "")
