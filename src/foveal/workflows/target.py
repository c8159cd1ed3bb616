"""Whether a file can be written, asked before the work is done rather than after."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from foveal.errors import FovealError
from foveal.storage import cannot_write


def check_file(path: Path, *, example: str) -> None:
    """Refuse a file that could not be written.

    Args:
        path: The file.
        example: Name of a file, for the hint.

    Raises:
        FovealError: `bad-option`: it is a folder. `cannot-write`: its folder cannot be made or written to.
    """
    if path.is_dir() or not path.name:
        raise FovealError(
            "bad-option", f"--out: expected a file, got the folder {path}", hint=f"try --out {path / example}"
        )
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise cannot_write(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(there, os.W_OK | os.X_OK):
        raise cannot_write(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
