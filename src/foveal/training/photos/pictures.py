"""Decoded photos, shrunk to what training needs of them, and kept as far as the memory goes.

A photo is always shrunk in the same way before it is varied, kept or not: how much memory a machine has never changes
what the network sees.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import AnyPhoto, PixelPhoto, as_photo, photo_name
from foveal.data.photo_faults import why_unreadable
from foveal.errors import FovealError
from foveal.features.extract import side_for
from foveal.imaging.resize import resize
from foveal.training.photos.augment import whole_photo

_MARGIN = 1.25
# Decoding leaves three times what it is asked for (`foveal.imaging.jpeg.SCALE_MARGIN`): from half the side, 1.5 times
# the side is left for the averaging that follows.
_ASKED = 0.5


@dataclass(frozen=True)
class Shrunk:
    """How photos are shrunk: for windows cut by chance, or whole, framed as where they are evaluated.

    Args:
        size_wh: The largest input that windows are resized to.
        windows: Whether windows are cut; then the short side is kept at 1.25 times the input's long one.
    """

    size_wh: tuple[int, int]
    windows: bool

    @property
    def decode_side(self) -> int:
        """Short side that decoding is asked for."""
        return math.ceil(self._side * _ASKED) if self.windows else side_for(self.size_wh)

    @property
    def _side(self) -> int:
        return math.ceil(max(self.size_wh) * _MARGIN)

    def apply(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The photo as it is kept: of its own memory, or the very array where nothing is to be done."""
        if not self.windows:
            return whole_photo(self.size_wh).apply(image)
        height, width = image.shape[:2]
        share = self._side / min(height, width)
        return image if share >= 1 else resize(image, (round(width * share), round(height * share)))


@dataclass(eq=False)
class Pictures:
    """Photos, decoded and shrunk; those that fit are kept for the next epoch.

    Args:
        photos: Where they are.
        shrunk: How they are shrunk.
        memory_bytes: How much may be kept.
    """

    photos: Sequence[AnyPhoto]
    shrunk: Shrunk
    memory_bytes: int
    _kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _used: int = 0

    @property
    def kept(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def holds(self, row: int) -> bool:
        """Whether a photo is kept."""
        return row in self._kept

    def get(self, row: int) -> NDArray[np.uint8]:
        """One photo, uint8 [h, w, 3], which must not be changed; valid until this thread's next call.

        Raises:
            FovealError: `photo-lost`.
        """
        found = self._kept.get(row)
        if found is not None:
            return found
        decoded = decode_photo(self.photos, row, self.shrunk.decode_side)
        image = self.shrunk.apply(decoded)
        if self._used + image.nbytes > self.memory_bytes:
            return image
        # Memory of its own: what was decoded lies in the thread's buffer, or belongs to the caller.
        own = image.copy() if image is decoded else image
        with self._lock:
            if row not in self._kept and self._used + own.nbytes <= self.memory_bytes:
                self._kept[row] = own
                self._used += own.nbytes
        return own

    def framed(self, row: int, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        """One whole photo at a size, not kept; valid until this thread's next call.

        Args:
            row: Which.
            size_wh: Width and height.

        Raises:
            FovealError: `photo-lost`.
        """
        image = decode_photo(self.photos, row, side_for(size_wh))
        # Pictures that have the size already are many and small: what preparing each would cost adds up.
        return image if image.shape[1::-1] == size_wh else whole_photo(size_wh).apply(image)


def decode_photo(photos: Sequence[AnyPhoto], row: int, side: int) -> NDArray[np.uint8]:
    """The pixels of one of the photos, valid until this thread's next call.

    Args:
        photos: The photos.
        row: Which.
        side: Short side that is needed; see `foveal.imaging.decode.decode`.

    Raises:
        FovealError: `photo-lost`: it can no longer be read.
    """
    given = photos[row]
    photo = as_photo(given)
    if isinstance(photo, PixelPhoto):
        return photo.image_rgb
    try:
        return photo.decode(photo.read(), min_side=side)
    except FovealError as error:
        raise FovealError(
            "photo-lost",
            f"{photo_name(given, row)}: expected a photo, as when the training began, "
            f"got: {why_unreadable(error, given)}",
            hint="put it back and resume, or leave it out and train anew",
        ) from error
