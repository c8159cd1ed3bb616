"""One photo, wherever it lies: a file of its own, a member of an archive, a row of a table, a box in another photo."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.decode import decode, read_file


class Photo(ABC):
    """What everything that looks at photos needs to know of one.

    The steps are apart so that the bytes can be hashed, and the decoding left out where the cache knows them.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What people know it by, short: for messages."""

    @property
    def label(self) -> str:
        """What people know it by, in full: file and, where it lies inside one, name in it."""
        return str(self.file) if self.file is not None else self.name

    @property
    def detail(self) -> str:
        """Which photo of its file, and what of it, is meant; empty for a file that is one photo."""
        return ""

    @abstractmethod
    def status(self) -> os.stat_result | None:
        """What the file system says now of the file it lies in; None where it says nothing."""

    @property
    @abstractmethod
    def file(self) -> Path | None:
        """The file it lies in; None for pixels in memory."""

    @abstractmethod
    def read(self, status: os.stat_result | None = None) -> bytes:
        """Its bytes. Two photos with the same bytes and the same `salt` are the same photo.

        Args:
            status: What `status` said, where it was asked already.

        Raises:
            FovealError: `image-unreadable`, `image-empty`, `image-too-large`.
        """

    @property
    def salt(self) -> bytes:
        """What besides the bytes makes the picture, as a box cut from a photo does; part of its content key."""
        return b""

    @abstractmethod
    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """Its pixels, uint8 [H, W, 3] in RGB, valid until this thread's next call (see `foveal.imaging.decode`).

        Args:
            data: What `read` returned.
            min_side: Short side in pixels that the caller needs; 0 means full size.

        Raises:
            FovealError: `image-format`, `image-truncated`, `image-corrupt`, `image-too-large`, `needs-extra`.
        """


@dataclass(frozen=True, slots=True)
class FilePhoto(Photo):
    """A file that is one photo."""

    path: Path

    @property
    def file(self) -> Path:
        """The file."""
        return self.path

    @property
    def name(self) -> str:
        """File name without its folders."""
        return self.path.name

    def status(self) -> os.stat_result | None:
        """See `Photo`."""
        return status_of(self.file)

    def read(self, status: os.stat_result | None = None) -> bytes:
        """See `Photo`."""
        return read_file(self.file, status=status)

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """See `Photo`."""
        return decode(data, name=self.name, min_side=min_side)


@dataclass(frozen=True, slots=True)
class PixelPhoto(Photo):
    """Pixels in memory, uint8 [H, W, 3] in RGB."""

    image_rgb: NDArray[np.uint8]

    @property
    def name(self) -> str:
        """The same for all: there is nothing to tell them by."""
        return "image"

    @property
    def file(self) -> Path | None:
        """None."""
        return None

    def status(self) -> os.stat_result | None:
        """None."""
        return None

    def read(self, status: os.stat_result | None = None) -> bytes:
        """The pixels, and their shape."""
        return pixel_bytes(self.image_rgb)

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """The pixels."""
        return self.image_rgb


AnyPhoto = Path | NDArray[np.uint8] | Photo
"""What functions take: a file, a decoded image, or a photo that lies somewhere else."""


def as_photo(given: AnyPhoto) -> Photo:
    """Any photo as a `Photo`."""
    if isinstance(given, Photo):
        return given
    return FilePhoto(given) if isinstance(given, Path) else PixelPhoto(given)


def photo_name(given: AnyPhoto, number: int) -> str:
    """What people call a photo among others: its path, or "image 3" for pixels in memory."""
    if isinstance(given, Path):
        return str(given)
    return given.label if isinstance(given, Photo) else f"image {number}"


def pixel_bytes(image_rgb: NDArray[np.uint8]) -> bytes:
    """What decoded pixels are known by: the same for the same picture, whether it came from memory or from a file."""
    return image_rgb.tobytes() + repr(image_rgb.shape).encode()


def status_of(path: Path) -> os.stat_result | None:
    """What the file system says of a file; None where it says nothing."""
    try:
        return path.stat()
    except (OSError, ValueError):
        return None
