"""Small photos, made in memory, that several test files share."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def smooth_rgb(height: int, width: int) -> NDArray[np.uint8]:
    """Gradients, different in each channel, that survive lossy formats."""
    rows, columns = np.mgrid[0:height, 0:width]
    red = rows * 255 // max(height - 1, 1)
    green = columns * 255 // max(width - 1, 1)
    return np.stack([red, green, (red + 255 - green) // 2], axis=2).astype(np.uint8)


def noise_rgb(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: Image.Image | NDArray[np.uint8], image_format: str, **options: Any) -> bytes:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def stored_as(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The pixels a camera stores so that this orientation shows `upright` (EXIF 2.32, 4.6.4 A)."""
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    return np.ascontiguousarray(stored)
