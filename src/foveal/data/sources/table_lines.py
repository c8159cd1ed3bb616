"""Tables with a JSON object in every line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from foveal.data.sources.table_refusals import damaged, no_header, not_text, unreadable
from foveal.data.sources.table_text import open_text

_LINES_FOR_COLUMNS = 1000


class LinesTable:
    """A JSON Lines file; read line by line.

    Args:
        path: The file. Its columns are the keys of its first 1,000 objects; an object that lacks one has an empty cell.

    Raises:
        FovealError: `table-unreadable`, `table-header`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        columns: dict[str, None] = {}
        for _, found in itertools.islice(self._objects(), _LINES_FOR_COLUMNS):
            columns |= dict.fromkeys(found)
        if not columns:
            raise no_header(path, "an empty file")
        self.columns = tuple(columns)

    def rows(self, wanted: Sequence[int | None]) -> Iterator[tuple[Any, ...]]:
        """See `TextTable.rows`; cells are what JSON says: text, numbers, lists, None."""
        keys = [None if each is None else self.columns[each] for each in wanted]
        for _, found in self._objects():
            yield tuple(None if key is None else found.get(key) for key in keys)

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        number = 0
        with open_text(self._path) as file:
            try:
                for number, line in enumerate(file, start=1):
                    if not line.isspace():
                        yield number, self._object(number, line)
            except UnicodeError as error:
                raise not_text(self._path, f"{error}, after line {number}") from error
            except OSError as error:
                raise unreadable(self._path, error.strerror or str(error)) from error

    def _object(self, number: int, line: str) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise damaged(self._path, f"line {number}", f"no JSON: {error}") from error
        if not isinstance(found, dict):
            raise damaged(self._path, f"line {number}", f"{type(found).__name__} instead of an object in braces")
        return found
