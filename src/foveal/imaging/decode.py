"""From the bytes of a photo to upright RGB pixels, or to a plain reason why not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging import jpeg
from foveal.imaging.formats import IMAGE_SUFFIXES, image_format
from foveal.imaging.limits import DEFAULT_LIMITS, Limits, turn_to_decode
from foveal.imaging.orientation import turn_upright
from foveal.imaging.pillow import decode_pillow

__all__ = ["DEFAULT_LIMITS", "IMAGE_SUFFIXES", "Limits", "decode", "read_image"]


def decode(data: bytes, *, name: str, min_side: int = 0, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """The pixels of a photo, upright by its EXIF orientation.

    **The array is valid until this thread's next call of `decode` or `read_image`, which may overwrite it.** JPEG
    photos are decoded into a buffer that each thread keeps; copy the array to keep it longer, or to hand it to
    another thread that outlives the next call.

    Args:
        data: The whole file; its content decides the format, not its name.
        name: File name for error messages.
        min_side: Short side, in pixels, that the caller needs. A JPEG much larger than that is decoded at 1/2, 1/4 or
            1/8 of its size, never below 3 × min_side. 0 means full size.
        limits: Refused above these, before any pixel is decoded.

    Returns:
        uint8 [H, W, 3], RGB, C-contiguous. Transparent pixels show white.

    Raises:
        FovealError: `image-empty`, `image-format`, `image-truncated`, `image-corrupt`, `image-too-large`,
            `needs-extra`.
    """
    limits.check_bytes(len(data), name=name)
    known = image_format(data, name=name)
    if known == "JPEG":
        return _decode_jpeg(data, min_side, limits, name)
    return decode_pillow(data, known, limits, name=name)


def read_image(path: Path, *, min_side: int = 0, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """`decode` for a file: same result, same short validity of the array.

    Args:
        path: A regular file; its name stands in error messages.
        min_side: See `decode`.
        limits: See `decode`; the file's size is checked before it is read.

    Returns:
        uint8 [H, W, 3], RGB, C-contiguous, valid until this thread's next call.

    Raises:
        FovealError: `image-unreadable` for a missing or forbidden file, a folder, a pipe or a device; and all of
            `decode`'s.
    """
    data = read_file(path, limits=limits)
    return decode(data, name=path.name, min_side=min_side, limits=limits)


def read_file(path: Path, *, status: os.stat_result | None = None, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Bytes of a photo, its size checked before it is read.

    Args:
        path: A regular file.
        status: What `os.stat` said of it, where that was asked already.
        limits: Bounds its size.

    Raises:
        FovealError: `image-unreadable`, `image-empty`, `image-too-large`.
    """
    try:
        status = status or path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(path, "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device")
        limits.check_bytes(status.st_size, name=path.name)
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte in it
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    return data


def _decode_jpeg(data: bytes, min_side: int, limits: Limits, name: str) -> NDArray[np.uint8]:
    header = jpeg.read_header(data, name=name)
    limits.check_pixels(header.size_wh, name=name)
    if header.several_scans:
        jpeg.check_scans(data, name=name)
    # four channels are CMYK or YCCK, whose conversion libjpeg-turbo leaves to others
    if header.channels in (1, 3):
        divisor = jpeg.scale_divisor(header.size_wh, min_side)
        with turn_to_decode(jpeg.scaled_wh(header.size_wh, divisor)):
            image = jpeg.decode_turbo(data, header, divisor, name=name)
            if image is not None:
                return turn_upright(image, header.orientation)
    return decode_pillow(data, "JPEG", limits, name=name)


def _unreadable(path: Path, reason: str) -> FovealError:
    return FovealError(
        "image-unreadable", f"{path.name}: expected a readable file, got: {reason}", hint=f"check {path}"
    )
