"""EXIF orientation: read the one tag that turns a photo upright, and turn it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.exif import ExifBlock
from foveal.imaging.opencv import opencv

_ORIENTATION_TAG = 0x0112
UPRIGHT = 1
# BYTE, SHORT and LONG: the standard says SHORT, some cameras write the others
_CODE_OF_KIND = {1: "B", 3: "H", 4: "I"}


def exif_orientation(exif: bytes) -> int:
    """Orientation 1 to 8 of an EXIF block (EXIF 2.32, tag 0x0112), or 1 where it has none or is damaged.

    A photo whose EXIF block is damaged still has good pixels, so damage here is not an error.

    Args:
        exif: The block as it stands in a file, with or without the leading `Exif` mark.
    """
    block = ExifBlock(exif)
    for entry in block.entries():
        if entry.tag == _ORIENTATION_TAG:
            if entry.kind not in _CODE_OF_KIND or entry.length != 1:
                return UPRIGHT
            value = block.number(_CODE_OF_KIND[entry.kind], entry.value_at)
            return value if 1 <= value <= 8 else UPRIGHT
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
