"""Where the photos of a dataset lie when they are not files of their own, in a few bytes a photo."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import Photo, status_of
from foveal.errors import FovealError
from foveal.imaging.decode import decode
from foveal.imaging.limits import DEFAULT_LIMITS

STORED, DEFLATED = 0, 8  # as the zip format counts
AFTER_HEADER = 128
"""Added to a method: the stretch begins after a zip member's own header, whose length only the header itself says.

Looked up when the photo is read: for a million members it would be a million small reads all over the archive.
"""

_ZIP_HEADER, _ZIP_HEADER_BYTES = b"PK\x03\x04", 30


class Places(Protocol):
    """Where n photos lie."""

    def photo(self, index: int, name: str) -> Photo:
        """Photo `index`, which the dataset calls `name`; made when it is its turn."""
        ...

    def take(self, rows: NDArray[np.integer[Any]]) -> Places:
        """Some of them, in the order wanted."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Spans:
    """Photos that are stretches of larger files: members of tar and zip archives. 21 bytes a photo.

    Args:
        files: The larger files.
        which: int32 [n], index into `files`.
        starts: int64 [n], first byte.
        sizes: int64 [n], bytes as they lie there.
        methods: uint8 [n], 0 = as they are, 8 = deflated; `AFTER_HEADER` more for members of zip archives.
        known_as: What people know the larger files by, where that is something else; empty where it is not.
    """

    files: tuple[Path, ...]
    which: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    methods: NDArray[np.uint8]
    known_as: tuple[Path, ...] = ()

    def photo(self, index: int, name: str) -> Photo:
        """See `Places`."""
        which = self.which[index]
        start, size, method = int(self.starts[index]), int(self.sizes[index]), int(self.methods[index])
        known_as = self.known_as[which] if self.known_as else None
        return SpanPhoto(self.files[which], name, start, size, method, known_as)

    def take(self, rows: NDArray[np.integer[Any]]) -> Spans:
        """See `Places`."""
        each = (self.which[rows], self.starts[rows], self.sizes[rows], self.methods[rows])
        return Spans(self.files, *each, self.known_as)

    def __len__(self) -> int:
        return len(self.which)


@dataclass(frozen=True, slots=True)
class SpanPhoto(Photo):
    """A photo that is a stretch of a larger file."""

    archive: Path
    path: str
    start: int
    size: int
    method: int = STORED
    known_as: Path | None = None

    @property
    def file(self) -> Path:
        """The larger file."""
        return self.archive

    @property
    def name(self) -> str:
        """Name of the member without its folders."""
        return self.path.rpartition("/")[2]

    @property
    def label(self) -> str:
        """File and member."""
        return f"{self.known_as or self.archive}/{self.path}"

    @property
    def detail(self) -> str:
        """Where it begins and ends."""
        return f"{self.start}+{self.size}"

    def status(self) -> os.stat_result | None:
        """Of the larger file."""
        return status_of(self.archive)

    def read(self, status: os.stat_result | None = None) -> bytes:
        """See `Photo`."""
        DEFAULT_LIMITS.check_bytes(self.size, name=self.name)
        if self.start < 0:
            raise self._unreadable("a sparse file, which is not stored in one piece")
        if self.method & ~AFTER_HEADER not in (STORED, DEFLATED):
            raise self._unreadable(
                "it is compressed in a way other than deflate", hint="unpack the archive into a folder, and name that"
            )
        try:
            with self.archive.open("rb") as file:
                file.seek(self.start)
                if self.method & AFTER_HEADER:
                    self._pass_header(file)
                data = file.read(self.size)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        if len(data) < self.size:
            raise self._unreadable(f"it ends {self.size - len(data):,} bytes early")
        return self._inflated(data) if self.method & ~AFTER_HEADER == DEFLATED else data

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """See `Photo`."""
        return decode(data, name=self.name, min_side=min_side)

    def _pass_header(self, file: IO[bytes]) -> None:
        header = file.read(_ZIP_HEADER_BYTES)
        if len(header) < _ZIP_HEADER_BYTES or not header.startswith(_ZIP_HEADER):
            raise self._unreadable("no member begins where the archive says")
        file.seek(sum(struct.unpack_from("<HH", header, 26)), os.SEEK_CUR)

    def _inflated(self, data: bytes) -> bytes:
        """Never more than a photo may have, whatever the archive claims."""
        worker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            plain = worker.decompress(data, DEFAULT_LIMITS.max_file_bytes + 1)
        except zlib.error as error:
            raise self._unreadable(str(error)) from error
        DEFAULT_LIMITS.check_bytes(len(plain), name=self.name)
        if not worker.eof:
            raise self._unreadable("its compressed data end early")
        return plain

    def _unreadable(self, reason: str, *, hint: str = "") -> FovealError:
        return FovealError(
            "image-unreadable",
            f"{self.name}: expected a photo in {(self.known_as or self.archive).name}, got: {reason}",
            hint=hint or f"check {self.known_as or self.archive}; copy it again from where it came",
        )


def join_spans(parts: Sequence[Spans]) -> Spans:
    """Several as one, in order."""
    offsets = np.cumsum([0, *(len(part.files) for part in parts)])
    which = [part.which + np.int32(offset) for part, offset in zip(parts, offsets, strict=False)]
    return Spans(
        tuple(file for part in parts for file in part.files),
        np.concatenate(which).astype(np.int32),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.methods for part in parts]),
        tuple(file for part in parts for file in part.known_as or part.files),
    )
