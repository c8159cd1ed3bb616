"""What a large archive holds, remembered for as long as the archive stays the same.

Reading every header of 140 GB of photos touches the whole of them, which a hard disk takes minutes for; the index of
them is 70 MB.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import status_of
from foveal.storage import cache_folder, keep

Index = dict[str, NDArray[Any]]
"""Arrays by name; none of them holds Python objects."""

_PROTOCOL = 1
_WORTH_SECONDS = 0.5
_MOST_KEPT = 32
# An archive may be written to twice within one tick of its file system's clock, and look the same both times.
_SETTLED_NS = 2_000_000_000


def indexed(kind: str, files: Sequence[Path], make: Callable[[], Index]) -> Index:
    """The index of some files: the one that is kept, or one that is made now, and kept where it took a while.

    Args:
        kind: What is indexed, and how.
        files: All files it depends on; none of them may be missing.
        make: Makes it.
    """
    if not all(map(_settled, files)):
        return make()
    place = cache_folder() / "indexes" / f"{digest(files, kind, str(_PROTOCOL))}.npz"
    kept = _load(place)
    if kept is not None:
        return kept
    started = time.perf_counter()
    index = make()
    if time.perf_counter() - started > _WORTH_SECONDS:
        content = io.BytesIO()
        np.savez(content, **index)  # type: ignore[arg-type]
        keep(place, content.getvalue())
        _forget_old(place.parent)
    return index


def digest(files: Sequence[Path], *more: str) -> str:
    """A name for the present state of some files: where they lie, size, time of change, inode.

    Args:
        files: The files.
        more: What else the name stands for.
    """
    name = hashlib.blake2b(digest_size=16)
    for each in more:
        name.update(each.encode() + b"\0")
    for file in files:
        status = status_of(file)
        where = os.fsencode(os.path.abspath(file))  # noqa: PTH100 (a link and its target may part ways)
        state = (status.st_size, status.st_mtime_ns, status.st_ino) if status else ()
        name.update(where + f"\0{state}\0".encode())
    return name.hexdigest()


def _settled(file: Path) -> bool:
    status = status_of(file)
    return status is not None and status.st_mtime_ns <= time.time_ns() - _SETTLED_NS


def _load(place: Path) -> Index | None:
    """None where there is none, or a damaged one."""
    try:
        with place.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def _forget_old(folder: Path) -> None:
    for old in sorted(folder.glob("*.npz"), key=_age)[_MOST_KEPT:]:
        old.unlink(missing_ok=True)


def _age(path: Path) -> float:
    status = status_of(path)
    return -status.st_mtime if status else 0.0
