"""A folder that appears with all its files, or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from foveal.errors import FovealError
from foveal.storage import cannot_write
from foveal.types.text import printable


def check_new_folder(target: Path) -> None:
    """Refuse a place that holds something already.

    Raises:
        FovealError: `target-exists`, `cannot-write`.
    """
    try:
        got = _holds(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    if got:
        raise FovealError(
            "target-exists",
            f"{printable(str(target))}: expected a new or empty folder, got {got}",
            hint="name a folder that does not exist yet; nothing is ever written over",
        )


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside `target`, and on success rename it to `target`; on any failure nothing is left of it.

    Args:
        target: The folder to make; absent, or empty.

    Yields:
        An empty folder to write into.

    Raises:
        FovealError: `target-exists`, `cannot-write`.
    """
    check_new_folder(target)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent))
        inside = temporary / "whole"
        inside.mkdir()
        yield inside
        if target.exists():
            target.rmdir()  # only ever succeeds on an empty folder
        inside.rename(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _holds(target: Path) -> str:
    """What is in the way; empty for nothing."""
    if target.is_symlink():
        return "a link"
    if not target.is_dir():
        return "a file" if target.exists() else ""
    return "a folder with files in it" if any(target.iterdir()) else ""
