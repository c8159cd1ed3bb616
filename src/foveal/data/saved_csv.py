"""CSV files that foveal wrote and a person may have saved again with a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

_SEPARATORS = ",;\t"


def rows_of(text: str) -> Iterator[list[str]]:
    """The rows of such a file, the header first.

    A spreadsheet puts a byte order mark in front, and where the comma stands in decimal numbers it separates by ";".
    Rows that were emptied in it are there still, as cells without text.

    Args:
        text: The file, decoded.

    Raises:
        csv.Error: It is no CSV file.
    """
    whole = text.removeprefix("\ufeff")
    first = whole.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    yield from csv.reader(io.StringIO(whole, newline=""), delimiter=separator)
