"""Small pictures of photos, to be kept or shown beside words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.opencv import opencv

LONG_SIDE = 96
"""Long side in pixels of a picture that is kept in a model."""

MOST_BYTES = 4096
"""A kept picture is never larger, so that 2,000 of them stay below 8 MB."""

_SHOWN_QUALITY = 88

# JPEG qualities to try: at 96 pixels the first gives about 2.5 KB, and the last fits whatever the photo shows.
_QUALITIES = (75, 60, 45, 30, 15, 5)


def thumbnail(image_rgb: NDArray[np.uint8], *, long_side: int = LONG_SIDE, most_bytes: int = MOST_BYTES) -> bytes:
    """A JPEG file of a photo at a small size.

    Args:
        image_rgb: uint8 [H, W, 3].
        long_side: In pixels; a smaller photo stays as it is.
        most_bytes: The quality is lowered until the file is no larger; at the lowest it may be.
    """
    import simplejpeg

    small = reduced(image_rgb, long_side)
    data = b""
    for quality in _QUALITIES:
        data = bytes(simplejpeg.encode_jpeg(small, quality=quality, colorsubsampling="420"))
        if len(data) <= most_bytes:
            break
    return data


def shown_jpeg(image_rgb: NDArray[np.uint8], long_side: int) -> bytes:
    """A JPEG file of a photo, uint8 [H, W, 3], as people are shown it: `long_side` long, small ones enlarged."""
    import simplejpeg

    height, width = image_rgb.shape[:2]
    if max(height, width) >= long_side:
        small = reduced(image_rgb, long_side)
    else:
        scale = long_side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        cv2 = opencv()
        small = np.ascontiguousarray(cv2.resize(image_rgb, size, interpolation=cv2.INTER_CUBIC))
    data: bytes = simplejpeg.encode_jpeg(small, quality=_SHOWN_QUALITY, colorsubsampling="444")
    return data


def reduced(image_rgb: NDArray[np.uint8], long_side: int) -> NDArray[np.uint8]:
    """A photo no longer than `long_side` pixels on any side, shape kept; uint8 [h, w, 3], averaged over areas."""
    height, width = image_rgb.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    cv2 = opencv()
    return np.ascontiguousarray(cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA))
