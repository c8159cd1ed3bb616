"""What the cache folder keeps besides features: unpacked archives, their indexes, networks."""

from __future__ import annotations

import shutil
from pathlib import Path

from foveal.storage import cache_folder

FROM_PHOTOS = ("unpacked", "indexes", "axes")
"""Folders that hold something of photos: archives unpacked once, lists of what is in them, axes of their features."""

FROM_NETWORKS = ("networks", "compiled")
"""Folders that hold networks, as they were built here and as the runtime compiled them."""


def sizes() -> dict[str, int]:
    """Bytes in each folder of the cache folder that holds no features; 0 for one that is not there."""
    return {name: _bytes(cache_folder() / name) for name in (*FROM_PHOTOS, *FROM_NETWORKS)}


def clear() -> int:
    """Remove what was kept of photos, features apart.

    A process that has one of the files open keeps it until it ends, where the system allows that.

    Returns:
        Bytes freed.
    """
    folders = [cache_folder() / name for name in FROM_PHOTOS]
    before = sum(map(_bytes, folders))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return before - sum(map(_bytes, folders))


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # gone since it was listed
    return total
