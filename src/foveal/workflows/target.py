"""Whether a file can be written, asked before the work is done rather than after."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from foveal.errors import FovealError
from foveal.storage import cannot_write


def check_file(path: Path, *, example: str, option: str = "--out") -> None:
    """Refuse a file that could not be written.

    Args:
        path: The file.
        example: Name of a file, for the hint.
        option: What named it, for the message.

    Raises:
        FovealError: `bad-option`: it is a folder. `cannot-write`: its folder cannot be made or written to.
    """
    if path.is_dir() or not path.name:
        raise FovealError(
            "bad-option", f"{option}: expected a file, got the folder {path}", hint=f"try {option} {path / example}"
        )
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise cannot_write(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        raise cannot_write(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def check_replaceable(path: Path, *, example: str, option: str, start: bytes) -> None:
    """Refuse a file that could not be written, or that would take the place of something else.

    Args:
        path: The file.
        example: Name of a file, for the hint.
        option: What named it, for the message.
        start: How every file of the kind begins, so that an earlier one may be written anew.

    Raises:
        FovealError: `bad-option`: it is a folder, or there is another kind of file. `cannot-write`.
    """
    check_marked(path, start, example=example, option=option, within=len(start))


def check_page(path: Path, *, example: str, option: str = "--html") -> None:
    """Refuse a page that could not be written or would take the place of something else.

    Args:
        path: The page.
        example: Name of a file, for the hint.
        option: What named it, for the message.

    Raises:
        FovealError: `bad-option`: it is a folder, or there is a file that is no page of foveal. `cannot-write`.
    """
    check_marked(path, b'<meta name="generator" content="foveal">', example=example, option=option)


def check_marked(path: Path, mark: bytes, *, example: str, option: str, within: int = 1000) -> None:
    """Refuse a file that could not be written or would take the place of one without a mark.

    Args:
        path: The file.
        mark: What every file of the kind holds near its beginning.
        example: Name of a file, for the hint.
        option: What named it, for the message.
        within: How many bytes from the beginning are looked at.

    Raises:
        FovealError: `bad-option`: it is a folder, or there is a file without the mark. `cannot-write`.
    """
    check_file(path, example=example, option=option)
    try:
        if path.exists() and not (path.is_file() and _holds(path, mark, within)):
            raise FovealError(
                "bad-option",
                f"{option}: expected a new file or one that foveal wrote, got {path}, which is something else",
                hint="choose another name, or remove that file first",
            )
    except OSError as error:
        raise cannot_write(path, error) from error


def _holds(path: Path, mark: bytes, within: int) -> bool:
    with path.open("rb") as file:
        return mark in file.read(within)
