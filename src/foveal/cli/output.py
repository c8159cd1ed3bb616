"""What the verbs share: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foveal.errors import FovealError
from foveal.storage import cannot_write
from foveal.types.text import printable

if TYPE_CHECKING:
    from foveal.types.finding import Finding

_MOST_FINDINGS = 10
_MOST_PATHS = 3


def result(text: str) -> None:
    """Write a line or more of result to stdout.

    Raises:
        FovealError: `cannot-write`: stdout is a file on a full disk.
    """
    _write(printable_lines(text) + "\n")


def result_json(values: object) -> None:
    """Write a result as JSON to stdout.

    Raises:
        FovealError: `cannot-write`: stdout is a file on a full disk.
    """
    _write(json.dumps(values, indent=1, ensure_ascii=True, default=str) + "\n")


def say(text: str, *, quiet: bool = False) -> None:
    """Write a line to stderr, unless asked to be quiet."""
    if not quiet:
        sys.stderr.write(printable_lines(text) + "\n")


def fail(error: FovealError) -> None:
    """Show an error on stderr: what was expected and got, and the next step."""
    say(f"error: {printable(error.message)} [{error.code}]\n  hint: {error.hint}")


def failure(path: str, reason: str) -> str:
    """One line for a photo that could not be read: its path, and why."""
    return f"{printable(path)}: {printable(reason)}"


def show_findings(findings: Sequence[Finding], *, quiet: bool) -> None:
    """Name what was noticed about the photos; findings of one kind are put together."""
    for code in dict.fromkeys(finding.code for finding in findings):
        same = [finding for finding in findings if finding.code == code]
        if len(same) == 1:
            paths = f": {_names(same[0].paths[:_MOST_PATHS])}" if same[0].paths else ""
            say(f"{same[0]}{paths}", quiet=quiet)
            continue
        say(f"{same[0].severity}: {len(same)} × {code}, left out or looked over:", quiet=quiet)
        for finding in same[:_MOST_FINDINGS]:
            say(f"  {_names(finding.paths[:1])}: {printable(finding.message)}", quiet=quiet)
        if len(same) > _MOST_FINDINGS:
            say(f"  … and {len(same) - _MOST_FINDINGS} more; --json lists all", quiet=quiet)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns of text: numbers to the right, words to the left."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    right = [all(_is_number(row[column]) for row in cells[1:]) for column in range(len(header))]
    lines = []
    for row in cells:
        aligned = (
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        )
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def printable_lines(text: str) -> str:
    """Text that any terminal can show: control characters and undecodable bytes of file names escaped."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _names(paths: Sequence[str]) -> str:
    """Names for one line; a line break in a name would look like a line of our own."""
    return ", ".join(printable(path) for path in paths)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is buffered would be tried again at exit, and fail again with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise cannot_write(Path("standard output"), error) from error


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or cell in ("", "-", "—")
