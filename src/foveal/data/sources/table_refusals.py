"""The refusals of a table that cannot be read, each with what to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from foveal.errors import FovealError
from foveal.types.text import listing, printable


def unreadable(path: Path, reason: str) -> FovealError:
    """The system, or the library for the format, cannot read it."""
    return FovealError(
        "table-unreadable",
        f"{printable(str(path))}: expected a table that can be read, got: {printable(reason)}",
        hint="check the file; write it again from where it came",
    )


def not_text(path: Path, reason: str) -> FovealError:
    """Its bytes are no text in UTF-8 or marked UTF-16."""
    return FovealError(
        "table-unreadable",
        f"{printable(str(path))}: expected text in UTF-8 (or in UTF-16 with a byte order mark), got {reason}",
        hint="save it as UTF-8: in Excel as 'CSV UTF-8', in pandas with to_csv(…, encoding='utf-8'), or with "
        "iconv -f LATIN1 -t UTF-8",
    )


def damaged(path: Path, where: str, reason: str) -> FovealError:
    """It is text, but not built as a table."""
    return FovealError(
        "table-unreadable",
        f"{printable(str(path))}, {where}: expected a row of the table, got {printable(reason)}",
        hint="put a cell that holds the separator, a line break or a quote in quotes, and double the quotes in it",
    )


def no_header(path: Path, got: str) -> FovealError:
    """Its first row does not name the columns."""
    return FovealError(
        "table-header",
        f"{printable(str(path))}: expected column names in the first row, got {printable(got)}",
        hint="write a first row such as path,label",
    )


def same_columns(path: Path, role: str, columns: Sequence[str]) -> FovealError:
    """Several columns could have the role."""
    return FovealError(
        "table-columns",
        f"{printable(str(path))}: expected one column that can be the {role}, got {listing(list(columns), most=12)}",
        hint=f"name the one that counts: --columns {role}={printable(columns[0])}",
    )


def no_column(path: Path, role: str, columns: Sequence[str], *, known: int | None = None) -> FovealError:
    """No column has a usual name of the role.

    Args:
        path: The table.
        role: What was looked for.
        columns: Names of its columns.
        known: Index of the column that is something else.
    """
    left = [name for at, name in enumerate(columns) if at != known]
    likely = printable(left[0]) if known is not None and len(left) == 1 else "NAME"
    more = f"; where photos may have several labels: --columns labels={likely}" if role == "label" else ""
    return FovealError(
        "table-columns",
        f"{printable(str(path))}: expected a column for the {role}, got {listing(list(columns), most=12)}",
        hint=f"name it: --columns {role}={likely}{more}",
    )
