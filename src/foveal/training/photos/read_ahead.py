"""Asking the system to read stretches of archives before they are needed, each in one piece."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from foveal.data.photo import AnyPhoto
from foveal.data.places import SpanPhoto

# What lies between two photos of an archive is their headers: reading on is quicker than seeking.
_GAP = 2**16


def read_ahead(photos: Iterable[AnyPhoto]) -> int:
    """Ask the system to have the bytes of photos at hand; it returns at once, and reads in the background.

    Does nothing for photos that are no stretches of larger files, and on systems that take no such advice. An archive
    that cannot be opened is passed over: reading the photo itself will say why.

    Args:
        photos: Which will be needed soon, in any order.

    Returns:
        How many bytes were asked for.
    """
    if not hasattr(os, "posix_fadvise"):
        return 0
    spans = sorted(
        (photo.archive, photo.start, photo.start + photo.size) for photo in photos if isinstance(photo, SpanPhoto)
    )
    asked = 0
    for archive, stretches in _by_archive(spans):
        try:
            with archive.open("rb") as file:
                for start, end in stretches:
                    os.posix_fadvise(file.fileno(), start, end - start, os.POSIX_FADV_WILLNEED)
                    asked += end - start
        except OSError:
            continue
    return asked


def _by_archive(spans: list[tuple[Path, int, int]]) -> Iterator[tuple[Path, list[tuple[int, int]]]]:
    """Each archive once, with stretches that are joined where they nearly touch."""
    found: dict[Path, list[tuple[int, int]]] = {}
    for archive, start, end in spans:
        stretches = found.setdefault(archive, [])
        if stretches and start - stretches[-1][1] <= _GAP:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    yield from found.items()
