"""EXIF orientation: read the one tag that turns a photo upright, and turn it."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.opencv import opencv

EXIF_MARK = b"Exif\0\0"
_ORIENTATION_TAG = 0x0112
UPRIGHT = 1
# BYTE, SHORT and LONG: the standard says SHORT, some cameras write the others
_FORMAT_OF_TYPE = {1: "B", 3: "H", 4: "I"}


def exif_orientation(exif: bytes) -> int:
    """Orientation 1 to 8 of an EXIF block (EXIF 2.32, tag 0x0112), or 1 where it has none or is damaged.

    A photo whose EXIF block is damaged still has good pixels, so damage here is not an error.

    Args:
        exif: The block as it stands in a file, with or without the leading `Exif` mark.
    """
    tiff = exif.removeprefix(EXIF_MARK)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return UPRIGHT
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    if start + 2 > len(tiff):
        return UPRIGHT
    (count,) = struct.unpack_from(order + "H", tiff, start)
    last = min(count, (len(tiff) - start - 2) // 12)
    for entry in range(start + 2, start + 2 + 12 * last, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", tiff, entry)
        if tag == _ORIENTATION_TAG:
            if kind not in _FORMAT_OF_TYPE or values != 1:
                return UPRIGHT
            (value,) = struct.unpack_from(order + _FORMAT_OF_TYPE[kind], tiff, entry + 8)
            return int(value) if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT


def turn_upright(image_rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The photo as its taker saw it.

    Args:
        image_rgb: uint8 [H, W, 3], as stored.
        orientation: EXIF value, 1 to 8.

    Returns:
        uint8 [H, W, 3], or [W, H, 3] for orientations 5 to 8; the same array for orientation 1, else a new one.
    """
    if orientation == UPRIGHT:
        return image_rgb
    cv2 = opencv()
    turned: NDArray[np.uint8]
    if orientation == 2:
        turned = cv2.flip(image_rgb, 1)
    elif orientation == 3:
        turned = cv2.rotate(image_rgb, cv2.ROTATE_180)
    elif orientation == 4:
        turned = cv2.flip(image_rgb, 0)
    elif orientation == 5:
        turned = cv2.transpose(image_rgb)
    elif orientation == 6:
        turned = cv2.rotate(image_rgb, cv2.ROTATE_90_CLOCKWISE)
    elif orientation == 7:
        turned = cv2.flip(cv2.transpose(image_rgb), -1)
    else:
        turned = cv2.rotate(image_rgb, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return turned
