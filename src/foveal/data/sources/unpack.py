"""Compressed tars, which can be read from the front only, become plain ones in the cache, once."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from foveal.data.sources.kept_index import digest
from foveal.data.sources.published import damaged, first_bytes
from foveal.data.sources.tar_index import looks_like_tar
from foveal.data.unpacked import KEPT_BYTES, make_room
from foveal.errors import FovealError
from foveal.storage import cache_folder, write_atomically
from foveal.types.text import printable

_GZIP, _BZIP, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
PACKED = (_GZIP, _BZIP, _XZ)
"""How files begin that `unpacked` takes."""

MOST_BYTES = KEPT_BYTES
"""What an archive may take unpacked."""

_LEFT_FREE = 10**9
_CHUNK = 1 << 22


def unpacked(archive: Path) -> Path:
    """A compressed file's content as a file in the cache, made there where it is not yet.

    Args:
        archive: A file compressed with gzip, bzip2 or xz.

    Raises:
        FovealError: `dataset-damaged`: the compressed data are damaged or cut. `dataset-too-large`: unpacked it is
            larger than `MOST_BYTES`, or the disk has no room for it. `cannot-write`: the cache may not be written.
    """
    folder = cache_folder() / "unpacked"
    place = folder / f"{digest([archive], 'unpacked')}.tar"
    if place.is_file():
        return place
    with write_atomically(place) as out:
        for chunk in _chunks(archive):
            if not out.tell() and not looks_like_tar(chunk):
                raise damaged(archive, "a tar archive, compressed", "something else, compressed")
            out.write(chunk)
            if out.tell() > MOST_BYTES or shutil.disk_usage(folder).free < _LEFT_FREE:
                raise _too_large(archive, out.tell())
    make_room(folder, MOST_BYTES)
    return place


def _chunks(archive: Path) -> Iterator[bytes]:
    try:
        with _opened(archive) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise damaged(archive, "whole compressed data", str(error) or "an early end") from error


def _opened(archive: Path) -> IO[bytes]:
    head = first_bytes(archive, len(_XZ))
    if head.startswith(_GZIP):
        return cast("IO[bytes]", gzip.open(archive, "rb"))
    return cast("IO[bytes]", bz2.open(archive, "rb") if head.startswith(_BZIP) else lzma.open(archive, "rb"))


def _too_large(archive: Path, got: int) -> FovealError:
    return FovealError(
        "dataset-too-large",
        f"{printable(str(archive))}: expected at most {MOST_BYTES / 1e9:.0f} GB unpacked, and as much room in the "
        f"cache, got {got / 1e9:.1f} GB and more to come",
        hint="unpack it yourself, into a folder or into a plain .tar, and name that",
    )
