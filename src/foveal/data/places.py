"""Where the photos of a dataset lie when they are not files of their own, in a few bytes a photo."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import Photo, status_of
from foveal.errors import FovealError
from foveal.imaging.decode import decode
from foveal.imaging.limits import DEFAULT_LIMITS

STORED, DEFLATED = 0, 8  # as the zip format counts


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
        methods: uint8 [n], 0 = as they are, 8 = deflated.
    """

    files: tuple[Path, ...]
    which: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    methods: NDArray[np.uint8]

    def photo(self, index: int, name: str) -> Photo:
        """See `Places`."""
        file = self.files[self.which[index]]
        return SpanPhoto(file, name, int(self.starts[index]), int(self.sizes[index]), int(self.methods[index]))

    def take(self, rows: NDArray[np.integer[Any]]) -> Spans:
        """See `Places`."""
        return Spans(self.files, self.which[rows], self.starts[rows], self.sizes[rows], self.methods[rows])

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
        return f"{self.archive}/{self.path}"

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
        try:
            with self.archive.open("rb") as file:
                file.seek(self.start)
                data = file.read(self.size)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        if len(data) < self.size:
            raise self._unreadable(f"it ends {self.size - len(data):,} bytes early")
        return self._inflated(data) if self.method == DEFLATED else data

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """See `Photo`."""
        return decode(data, name=self.name, min_side=min_side)

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

    def _unreadable(self, reason: str) -> FovealError:
        return FovealError(
            "image-unreadable",
            f"{self.name}: expected a photo in {self.archive.name}, got: {reason}",
            hint=f"check {self.archive}; copy it again from where it came",
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
    )
