"""What a photo's file says of itself: size, format, colour mode, camera, time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging.exif import Taken
from foveal.imaging.formats import image_format
from foveal.imaging.jpeg import scaled_wh
from foveal.imaging.jpeg_facts import read_jpeg_facts
from foveal.imaging.orientation import UPRIGHT
from foveal.imaging.pillow_facts import read_pillow_facts

FACTS = np.dtype(
    [
        ("width", np.uint32),  # of the stored picture, upright
        ("height", np.uint32),
        ("file_bytes", np.uint64),
        ("taken", np.int64),  # EXIF DateTimeOriginal as seconds since 1970 in the camera's own clock; 0 = not said
        ("frames", np.uint16),  # pictures in the file; 1 for a still
        ("format", "S8"),  # as Pillow spells it
        ("mode", "S8"),  # as Pillow spells it: RGB, L, P, RGBA, CMYK, I;16, 1, ...; RGB;16B for 16 bits a colour
        ("orientation", np.uint8),  # EXIF value, 1 = upright
        ("quality", np.uint8),  # JPEG quality estimated from the quantisation table, 1..100; 0 = not a JPEG
        ("camera", "S40"),  # EXIF make and model
    ]
)
"""One row of facts."""


def read_facts(data: bytes, image_rgb: NDArray[np.uint8]) -> NDArray[np.void]:
    """What the file says of itself, without decoding it again: about 30 µs for a JPEG. Damage counts as not said.

    Args:
        data: The file; for pixels that came from no photo file whatever they are known by.
        image_rgb: The decoded photo, uint8 [H, W, 3]. Its size counts where the file says none, and where it is a
            part cut from the file's picture.

    Returns:
        `FACTS` [1].
    """
    image_wh = image_rgb.shape[1], image_rgb.shape[0]
    size_wh, mode, orientation, frames, quality, taken = image_wh, "RGB", UPRIGHT, 1, 0, Taken()
    known = _format(data)
    if known == "JPEG":
        if (jpeg := read_jpeg_facts(data)) is not None:
            mode, orientation, quality, taken = jpeg.mode, jpeg.orientation, jpeg.quality, jpeg.taken
            size_wh = _true_size(jpeg.size_wh if orientation <= 4 else jpeg.size_wh[::-1], image_wh)
    elif known and (other := read_pillow_facts(data, known)) is not None:
        mode, orientation, frames, taken = other.mode, other.orientation, other.frames, other.taken
        size_wh = _true_size(other.size_wh, image_wh)
    row = (*size_wh, len(data), taken.seconds, frames, known, mode, orientation, quality, taken.camera)
    return np.array([row], FACTS)


def _format(data: bytes) -> str:
    try:
        return image_format(data, name="")
    except FovealError:
        return ""


def _true_size(stored_wh: tuple[int, int], image_wh: tuple[int, int]) -> tuple[int, int]:
    """The file's size, unless the image is neither that picture nor the same decoded at a half, quarter or eighth."""
    whole = any(scaled_wh(stored_wh, divisor) == image_wh for divisor in (1, 2, 4, 8))
    return stored_wh if whole else image_wh
