"""Photos that are plain numbers in a larger file, as in IDX, CIFAR and numpy files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import Photo, pixel_bytes, status_of
from foveal.errors import FovealError

LAYOUTS = {"HW": 1, "WH": 1, "HWC": 3, "CHW": 3}
"""Orders of a photo's pixels, each with its colours: "WH" is grey, column by column; C is red, green, blue."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PixelBlock:
    """Photos of one size that lie one after the other.

    Args:
        file: The file as the user knows it, for messages and to notice changes.
        content: Where the bytes are: `file` itself, a copy of what was compressed in it, or uint8 [k] in memory.
        start: First byte of the first photo's pixels.
        stride: Bytes from one photo's pixels to the next one's.
        size_wh: Width and height of each photo.
        layout: One of `LAYOUTS`.
        member: Name of the array in the file, where it has several.
    """

    file: Path
    content: Path | NDArray[np.uint8]
    start: int
    stride: int
    size_wh: tuple[int, int]
    layout: str
    member: str = ""

    @property
    def photo_bytes(self) -> int:
        """Bytes of one photo's pixels as they lie there."""
        return self.size_wh[0] * self.size_wh[1] * LAYOUTS[self.layout]

    def pixels(self, row: int) -> NDArray[np.uint8]:
        """The pixels of one photo, uint8 [H, W, 3] in RGB, in memory of its own.

        Raises:
            FovealError: `image-unreadable`: the file is gone, or shorter than it was.
        """
        flat = np.frombuffer(self._bytes(self.start + row * self.stride), np.uint8)
        width, height = self.size_wh
        if self.layout == "HWC":
            return flat.reshape(height, width, 3).copy()
        if self.layout == "CHW":
            return np.ascontiguousarray(flat.reshape(3, height, width).transpose(1, 2, 0))
        grey = flat.reshape(height, width) if self.layout == "HW" else flat.reshape(width, height).T
        return np.repeat(grey[:, :, None], 3, axis=2)

    def _bytes(self, begin: int) -> bytes:
        if isinstance(self.content, np.ndarray):
            data = self.content[begin : begin + self.photo_bytes].tobytes()
        else:
            # Not a memory map: a file that shrinks under one ends the whole process.
            try:
                with self.content.open("rb") as file:
                    file.seek(begin)
                    data = file.read(self.photo_bytes)
            except OSError as error:
                raise self._unreadable(error.strerror or str(error)) from error
        if len(data) < self.photo_bytes:
            raise self._unreadable(f"it ends {self.photo_bytes - len(data):,} bytes early")
        return data

    def _unreadable(self, reason: str) -> FovealError:
        return FovealError(
            "image-unreadable",
            f"{self.file.name}: expected the pixels of a photo, got: {reason}",
            hint=f"check {self.file}; copy it again from where it came, and leave it alone while it is read",
        )


@dataclass(frozen=True, eq=False)
class RawPixels:
    """Photos that are plain numbers in larger files. 12 bytes a photo.

    Args:
        blocks: Where photos of one size lie.
        which: int32 [n], index into `blocks`.
        rows: int64 [n], number of the photo in its block.
    """

    blocks: tuple[PixelBlock, ...]
    which: NDArray[np.int32]
    rows: NDArray[np.int64]

    def photo(self, index: int, name: str) -> RawPhoto:
        """See `Places`."""
        return RawPhoto(self.blocks[self.which[index]], int(self.rows[index]), name)

    def take(self, rows: NDArray[np.integer[Any]]) -> RawPixels:
        """See `Places`."""
        return RawPixels(self.blocks, self.which[rows], self.rows[rows])

    def __len__(self) -> int:
        return len(self.which)


@dataclass(frozen=True, slots=True)
class RawPhoto(Photo):
    """A photo that is plain numbers in a larger file; the same photo as its pixels handed over in memory."""

    block: PixelBlock
    row: int
    path: str

    @property
    def name(self) -> str:
        """What the dataset calls it."""
        return self.path

    @property
    def label(self) -> str:
        """File and, in it, name."""
        return f"{self.block.file}/{self.path}"

    @property
    def detail(self) -> str:
        """Its number in the file."""
        return f"{self.block.member}[{self.row}]{self.block.layout}"

    @property
    def file(self) -> Path:
        """The larger file."""
        return self.block.file

    def status(self) -> os.stat_result | None:
        """Of the larger file."""
        return status_of(self.block.file)

    def read(self, status: os.stat_result | None = None) -> bytes:
        """The pixels in RGB, and their shape.

        Raises:
            FovealError: `image-unreadable`.
        """
        return pixel_bytes(self.block.pixels(self.row))

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """The pixels."""
        width, height = self.block.size_wh
        return np.frombuffer(data, np.uint8, count=height * width * 3).reshape(height, width, 3)
