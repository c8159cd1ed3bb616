"""The operations that augmentation policies choose from, on uint8 [H, W, 3] pixels.

They mean what Pillow's, and so the papers', do. Each returns pixels of its own or the very array it was given.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.opencv import opencv

Image = NDArray[np.uint8]

_GREY = (128.0, 128.0, 128.0)
_LEVELS = np.arange(256, dtype=np.float32)
# Luma of ITU-R BT.601, as Pillow and OpenCV have it
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13


def identity(image: Image, _: float) -> Image:
    """The photo as it is."""
    return image


def shear_x(image: Image, slope: float) -> Image:
    """Rows move sideways, by their distance from the top times `slope`."""
    return _warp(image, ((1.0, slope, 0.0), (0.0, 1.0, 0.0)))


def shear_y(image: Image, slope: float) -> Image:
    """Columns move down, by their distance from the left times `slope`."""
    return _warp(image, ((1.0, 0.0, 0.0), (slope, 1.0, 0.0)))


def translate_x(image: Image, pixels: float) -> Image:
    """Everything moves to the right, by whole pixels."""
    return _shift(image, round(pixels), 0)


def translate_y(image: Image, pixels: float) -> Image:
    """Everything moves down, by whole pixels."""
    return _shift(image, 0, round(pixels))


def rotate(image: Image, degrees: float) -> Image:
    """The photo turns clockwise about its centre."""
    height, width = image.shape[:2]
    x, y = (width - 1) / 2, (height - 1) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return _warp(image, ((cos, -sin, x - cos * x + sin * y), (sin, cos, y - sin * x - cos * y)))


def brightness(image: Image, change: float) -> Image:
    """Every level times 1 + `change`."""
    return _mapped(image, _LEVELS * (1 + change))


def contrast(image: Image, change: float) -> Image:
    """Every level's distance from the photo's mean grey, times 1 + `change`."""
    cv2 = opencv()
    mean = round(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))[0])
    return _mapped(image, mean + (_LEVELS - mean) * (1 + change))


def colour(image: Image, change: float) -> Image:
    """Every pixel's distance from its own grey, times 1 + `change`."""
    factor = 1 + change
    turned = np.eye(3, dtype=np.float32) * factor + (1 - factor) * _LUMA[None]
    changed: Image = opencv().transform(image, turned)
    return changed


def sharpness(image: Image, change: float) -> Image:
    """The distance from a smoothed photo, times 1 + `change`; the outermost pixels stay."""
    cv2 = opencv()
    smooth = cv2.filter2D(image, -1, _SMOOTH, borderType=cv2.BORDER_REPLICATE)
    changed: Image = cv2.addWeighted(image, 1 + change, smooth, -change, 0)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        changed[edge] = image[edge]
    return changed


def posterize(image: Image, bits: float) -> Image:
    """Only the highest bits of every level."""
    mask = 0xFF & ~(2 ** (8 - int(bits)) - 1)
    return np.bitwise_and(image, np.uint8(mask))


def solarize(image: Image, threshold: float) -> Image:
    """Levels from `threshold` on are turned upside down."""
    return _mapped(image, np.where(threshold <= _LEVELS, 255 - _LEVELS, _LEVELS))


def autocontrast(image: Image, _: float) -> Image:
    """Each channel stretched to reach from 0 to 255; one of a single level stays."""
    cv2 = opencv()
    # over a hundred times faster than asking numpy for the extremes along two axes
    low, high = np.array([cv2.minMaxLoc(channel)[:2] for channel in cv2.split(image)], np.float32).T
    flat = high <= low
    scale = np.where(flat, 1, 255 / np.maximum(high - low, 1))
    tables = (_LEVELS[:, None] - np.where(flat, 0, low)) * scale
    return _mapped(image, tables, rounded=False)


def equalize(image: Image, _: float) -> Image:
    """Each channel's histogram made flat, as Pillow does it."""
    tables = np.empty((256, 3), np.float32)
    for channel in range(3):
        histogram = opencv().calcHist([image], [channel], None, [256], [0, 256]).ravel().astype(np.int64)
        used = histogram[histogram > 0]
        step = (image.shape[0] * image.shape[1] - int(used[-1])) // 255
        if len(used) <= 1 or not step:
            tables[:, channel] = _LEVELS
        else:
            below = np.cumsum(histogram) - histogram
            tables[:, channel] = (step // 2 + below) // step
    return _mapped(image, tables)


def _mapped(image: Image, table: NDArray[np.floating], *, rounded: bool = True) -> Image:
    """Every level looked up in float [256], or [256, 3] with one column a channel."""
    whole = np.rint(table) if rounded else table
    levels = np.clip(whole, 0, 255).astype(np.uint8)
    mapped: Image = opencv().LUT(image, levels if levels.ndim == 1 else levels.reshape(1, 256, 3))
    return mapped


def _warp(image: Image, forward: tuple[tuple[float, ...], ...]) -> Image:
    cv2 = opencv()
    height, width = image.shape[:2]
    warped: Image = cv2.warpAffine(
        image,
        np.array(forward),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_GREY,
    )
    return warped


def _shift(image: Image, right: int, down: int) -> Image:
    height, width = image.shape[:2]
    shifted = np.full_like(image, _GREY[0])
    if abs(right) < width and abs(down) < height:
        source = image[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
        shifted[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = source
    return shifted
