"""Photos that are boxes in other photos."""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import FilePhoto, Photo
from foveal.errors import FovealError
from foveal.imaging.stored_size import jpeg_size_wh
from foveal.types.names import Names

_SLACK = 0.01  # of a pixel: what rounding to float32 may add to a box must not add a row of pixels


@dataclass(frozen=True, eq=False, kw_only=True)
class Crops:
    """Photos that are boxes in other photos. 20 bytes each, and about 38 for each photo that they are cut from.

    Boxes are in upright pixels with the origin at the outer corner of the first pixel, so that the whole of a photo of
    640×480 is (0, 0, 640, 480), or in parts of its width and height (0, 0, 1, 1).

    Args:
        root: Folder the files' names start from.
        files: Names of the photos, relative to `root` or absolute.
        which: int32 [n], index into `files`.
        boxes_xyxy: float32 [n, 4], left, top, right, bottom.
        in_parts: Whether boxes are in parts of the photo's size.
        margin: How much of its own width and height a box grows to each side.
    """

    root: Path
    files: Names
    which: NDArray[np.int32]
    boxes_xyxy: NDArray[np.float32]
    in_parts: bool = False
    margin: float = 0.0

    def photo(self, index: int, name: str) -> CropPhoto:
        """See `Places`."""
        left, top, right, bottom = self.boxes_xyxy[index].tolist()
        base = FilePhoto(self.root / self.files[int(self.which[index])])
        return CropPhoto(base, name, (left, top, right, bottom), self.in_parts, self.margin)

    def take(self, rows: NDArray[np.integer[Any]]) -> Crops:
        """See `Places`."""
        return Crops(
            root=self.root,
            files=self.files,
            which=self.which[rows],
            boxes_xyxy=self.boxes_xyxy[rows],
            in_parts=self.in_parts,
            margin=self.margin,
        )

    def __len__(self) -> int:
        return len(self.which)


@dataclass(frozen=True, slots=True)
class CropPhoto(Photo):
    """A box in another photo, cut to what lies inside it.

    Args:
        base: The other photo.
        path: What the dataset calls the box.
        box_xyxy: See `Crops`.
        in_parts: See `Crops`.
        margin: See `Crops`.
    """

    base: Photo
    path: str
    box_xyxy: tuple[float, float, float, float]
    in_parts: bool = False
    margin: float = 0.0

    @property
    def name(self) -> str:
        """What the dataset calls the box, without folders."""
        return self.path.rpartition("/")[2]

    @property
    def label(self) -> str:
        """The other photo, and which box of it."""
        return f"{self.base.label}#{self.path.rpartition('#')[2]}"

    @property
    def detail(self) -> str:
        """What of the file is meant."""
        return self.base.detail + self.salt.hex()

    @property
    def file(self) -> Path | None:
        """The file of the other photo."""
        return self.base.file

    def status(self) -> os.stat_result | None:
        """Of the other photo."""
        return self.base.status()

    def read(self, status: os.stat_result | None = None) -> bytes:
        """The bytes of the other photo."""
        return self.base.read(status)

    @property
    def salt(self) -> bytes:
        """The box."""
        return self.base.salt + b"box" + struct.pack("<5f?", *self.box_xyxy, self.margin, self.in_parts)

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """The pixels that the box touches, uint8 [h, w, 3] in RGB.

        Raises:
            FovealError: `image-box`: the box lies outside of the photo. What the photo itself raises.
        """
        size_wh = jpeg_size_wh(data, name=self.name)
        if size_wh is None or min_side == 0:
            image = self.base.decode(data)
            size_wh = image.shape[1], image.shape[0]
            box = self._inside(size_wh)
        else:
            box = self._inside(size_wh)
            # the box, not the photo, must keep so many pixels
            short = min(box[2] - box[0], box[3] - box[1])
            image = self.base.decode(data, min_side=math.ceil(min_side * min(size_wh) / short))
        height, width = image.shape[:2]
        left, right = _pixels(box[0], box[2], width / size_wh[0], width)
        top, bottom = _pixels(box[1], box[3], height / size_wh[1], height)
        return np.ascontiguousarray(image[top:bottom, left:right])

    def _inside(self, size_wh: tuple[int, int]) -> tuple[float, float, float, float]:
        """The box in pixels of the full photo, grown and cut to what lies inside."""
        scale = size_wh if self.in_parts else (1, 1)
        sides = []
        for axis in (0, 1):
            low, high = self.box_xyxy[axis] * scale[axis], self.box_xyxy[axis + 2] * scale[axis]
            grown = self.margin * (high - low)
            sides.append((max(low - grown, 0.0), min(high + grown, float(size_wh[axis]))))
        (left, right), (top, bottom) = sides
        if not (right - left > _SLACK and bottom - top > _SLACK):
            shown = ", ".join(f"{value:g}" for value in self.box_xyxy)
            raise FovealError(
                "image-box",
                f"{self.name}: expected a box inside the photo of {size_wh[0]}×{size_wh[1]}, got ({shown})",
                hint="correct the annotation; it may have been made on another copy of the photo, or a turned one",
            )
        return left, top, right, bottom


def _pixels(low: float, high: float, scale: float, size: int) -> tuple[int, int]:
    """First pixel that a stretch touches, and the one after the last; always at least one."""
    first = min(max(math.floor(low * scale + _SLACK), 0), size - 1)
    return first, min(max(math.ceil(high * scale - _SLACK), first + 1), size)
