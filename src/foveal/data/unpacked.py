"""Compressed files of numbers, unpacked once: into memory where they are small, else into the cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.storage import cache_folder, write_atomically
from foveal.types.text import printable

IN_MEMORY_BYTES = 256 * 2**20
"""What unpacks to no more than this is held in memory."""

KEPT_BYTES = 20 * 10**9
"""What the folder of unpacked files may take; the least recently used go first. Nothing larger is unpacked."""

_STEP = 2**20

# What gzip and zipfile raise on damaged data; RuntimeError is an encrypted member, NotImplementedError an odd method.
_BROKEN = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def unpacked(path: Path, opened: Callable[[], IO[bytes]], size: int, *, member: str = "") -> Path | NDArray[np.uint8]:
    """The plain bytes of something compressed.

    Args:
        path: The file it stands in.
        opened: Opens it for reading from its start, unpacking on the way.
        size: How many plain bytes there must be.
        member: Its name in the file, where there are several.

    Returns:
        A file of the cache, or uint8 [size] in memory.

    Raises:
        FovealError: `dataset-damaged`: the data are broken, or fewer or more than `size`. `dataset-too-large`: more
            than `KEPT_BYTES`. `cannot-write`: the cache folder cannot take it.
    """
    if size > KEPT_BYTES:
        raise FovealError(
            "dataset-too-large",
            f"{printable(str(path))}: expected at most {KEPT_BYTES:,} bytes of unpacked pixels, got {size:,}",
            hint="unpack the file yourself and name the unpacked one",
        )
    if size <= IN_MEMORY_BYTES:
        out, at = np.empty(size, np.uint8), 0
        for piece in _pieces(path, opened, size):
            out[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
            at += len(piece)
        return out
    kept = cache_folder() / "unpacked" / f"{_key(path, member)}.bin"
    with contextlib.suppress(OSError):
        if kept.stat().st_size == size:
            os.utime(kept)
            return kept
    make_room(kept.parent, KEPT_BYTES - size)
    with write_atomically(kept) as file:
        for piece in _pieces(path, opened, size):
            file.write(piece)
    return kept


def _pieces(path: Path, opened: Callable[[], IO[bytes]], size: int) -> Iterator[bytes]:
    """The plain bytes, never more than `size`."""
    done = 0
    try:
        with opened() as file:
            while data := file.read(min(_STEP, size - done + 1)):
                done += len(data)
                if done > size:
                    break
                yield data
    except _BROKEN as error:
        raise _damaged(path, size, f"broken compressed data after {done:,} bytes ({error})") from error
    if done != size:
        raise _damaged(path, size, f"{done:,}" if done < size else "more")


def _damaged(path: Path, size: int, got: str) -> FovealError:
    return FovealError(
        "dataset-damaged",
        f"{printable(str(path))}: expected {size:,} bytes when unpacked, got {got}",
        hint="copy or download the file again; compare its size with what the publisher states",
    )


def _key(path: Path, member: str) -> str:
    status = path.stat()
    what = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\0{member}"
    return hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def make_room(folder: Path, most: int) -> None:
    """Delete the least recently used unpacked files until the rest take no more than `most` bytes.

    Args:
        folder: Where they are.
        most: Bytes they may take.
    """
    known: list[tuple[float, int, Path]] = []
    with contextlib.suppress(OSError):
        for each in folder.glob("[!.]*"):
            status = each.stat()
            known.append((status.st_mtime, status.st_size, each))
    total = sum(size for _, size, _ in known)
    for _, size, each in sorted(known):
        if total <= most:
            break
        with contextlib.suppress(OSError):
            each.unlink()
        total -= size
