"""Tables of text with a separator between the columns: CSV and TSV."""

from __future__ import annotations

import codecs
import csv
import operator
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from foveal.data.sources.table_refusals import damaged, no_header, not_text, unreadable
from foveal.imaging.formats import IMAGE_SUFFIXES

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DELIMITERS = ",;\t"
# a first line by which a table tells Excel its separator
_SAYS_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)


def open_text(path: Path) -> IO[str]:
    """A file of text, decoded as its byte order mark says, else as UTF-8; line ends stay as they are.

    Lone surrogates, with which Python spells file names that are no valid UTF-8, are let through.

    Raises:
        FovealError: `table-unreadable`: it cannot be opened, or is no text.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
        encoding = next((name for mark, name in _BOMS.items() if start.startswith(mark)), "utf-8")
        if encoding == "utf-8" and b"\0" in start:
            raise not_text(path, "zero bytes, as UTF-16 without a byte order mark and binary files have them")
        return path.open(encoding=encoding, errors="surrogatepass", newline="")
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error


class TextTable:
    """A CSV or TSV file; read row by row.

    Args:
        path: The file; `.tsv` has tabs, otherwise the header tells which of comma, semicolon and tab it is, unless a
            line `sep=;` above it does.

    Raises:
        FovealError: `table-unreadable`, `table-header`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with open_text(path) as file:
            try:
                start = file.readline()
            except UnicodeError as error:
                raise not_text(path, f"{error} in line 1") from error
        says = _SAYS_SEPARATOR.fullmatch(start.rstrip("\r\n"))
        self._skipped = 1 if says else 0
        tabs = path.suffix.lower() in {".tsv", ".tab"}
        usual = "\t" if tabs else max(_DELIMITERS, key=lambda each: len(_split(start, each)))
        self._delimiter = says[1] if says else usual
        header = next(self._records(), None)
        if header is None:
            raise no_header(path, "an empty file")
        self.columns = tuple(name.strip() for name in header)
        if any(name.lower().endswith(tuple(IMAGE_SUFFIXES)) for name in self.columns):
            raise no_header(path, ", ".join(self.columns[:4]))

    def rows(self, wanted: Sequence[int | None]) -> Iterator[tuple[Any, ...]]:
        """The cells of the wanted columns, row after row.

        Args:
            wanted: Two or more indices of columns; None gives empty cells.

        Raises:
            FovealError: `table-unreadable`: it is no UTF-8, or not built as a table.
        """
        width = len(self.columns)
        pick = operator.itemgetter(*(width if each is None else each for each in wanted))
        records = self._records()
        next(records)
        for row in records:
            row.extend([""] * (width + 1 - len(row)))
            yield pick(row)

    def _records(self) -> Iterator[list[str]]:
        with open_text(self._path) as file:
            for _ in range(self._skipped):
                file.readline()
            # no blank after a separator belongs to a cell that is not quoted: people write "a.jpg, cat"
            reader = csv.reader(file, delimiter=self._delimiter, strict=True, skipinitialspace=self._delimiter != "\t")
            width = None
            try:
                for row in reader:
                    if not row:
                        continue
                    width = width or len(row)
                    if len(row) > width and any(row[width:]):
                        raise damaged(self._path, self._line(reader.line_num), f"{len(row)} cells for {width} columns")
                    yield row[:width]
            except csv.Error as error:
                raise damaged(self._path, self._line(reader.line_num), str(error)) from error
            except UnicodeError as error:
                raise not_text(self._path, f"{error}, after {self._line(reader.line_num)}") from error
            except OSError as error:
                raise unreadable(self._path, error.strerror or str(error)) from error

    def _line(self, number: int) -> str:
        return f"line {number + self._skipped}"


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])
