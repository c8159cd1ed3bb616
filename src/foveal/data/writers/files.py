"""Photos as files in folders: linked where that can be, else copied; never over another file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from foveal.data.photo import Photo
from foveal.data.writers.content import content_of, original
from foveal.data.writers.safe_names import safe_name
from foveal.imaging.formats import IMAGE_SUFFIXES


class Files:
    """Puts photos into folders.

    Args:
        root: The folder above all.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tried: dict[str, int] = {}
        self._made: set[str] = set()

    def put(self, photo: Photo, folder: str, name: str) -> str:
        """Put a photo into a folder, under its name or one like it.

        Args:
            photo: The photo.
            folder: Below the root; made if need be.
            name: What it should be called.

        Returns:
            Its path below the root.

        Raises:
            FovealError: What is wrong with the photo.
            OSError: It cannot be written.
        """
        if folder not in self._made:
            (self._root / folder).mkdir(parents=True, exist_ok=True)
            self._made.add(folder)
        source = original(photo)
        if source is None:
            content = content_of(photo)
            return self._under_free_name(folder, name, content.suffix, lambda path: _write(content.data, path))
        file, suffix = source
        return self._under_free_name(folder, name, suffix, lambda path: _link_or_copy(photo, file, path))

    def _under_free_name(self, folder: str, name: str, suffix: str, make: Callable[[Path], None]) -> str:
        """The file system says which names are taken, so that a million of them need not be remembered."""
        stem, _, ending = name.rpartition(".")
        stem = safe_name(stem if f".{ending.lower()}" in IMAGE_SUFFIXES else name)
        key = f"{folder}/{stem}{suffix}"
        number = self._tried.get(key, 1)
        while True:
            path = f"{folder}/" * bool(folder) + (f"{stem}{suffix}" if number == 1 else f"{stem}_{number}{suffix}")
            try:
                make(self._root / path)
            except FileExistsError:
                number += 1
                self._tried[key] = number
            else:
                return path


def _link_or_copy(photo: Photo, source: Path, path: Path) -> None:
    try:
        # on Linux a hard link to a symbolic link would be a symbolic link
        os.link(source.resolve() if source.is_symlink() else source, path)
    except FileExistsError:
        raise
    except OSError:  # another disk, no links there, too many of them, or the source is gone
        _write(photo.read(), path)


def _write(data: bytes, path: Path) -> None:
    with path.open("xb") as file:
        file.write(data)
