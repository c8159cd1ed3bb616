"""Blur of the lens: out of focus, and zoomed during the exposure."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import scale_of, setting, to_uint8
from foveal.imaging.opencv import opencv

_SOFT_FROM = 8


def defocus_blur(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Every point spread over a disk; see `Corruption`. Nothing is left to chance."""
    radius, sigma = setting("defocus_blur", strength)
    kernel = _disk(max(1, round(radius * scale_of(image_rgb))), sigma)
    return to_uint8(opencv().filter2D(image_rgb.astype(np.float32), -1, kernel))


def zoom_blur(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """The mean of the photo and of ever larger enlargements of its middle; see `Corruption`. Nothing is left to chance.

    The enlargements are resized with their pixels' areas aligned; ImageNet-C aligns the centres of the outer pixels,
    which differs by at most an eighth of a pixel.
    """
    step, count = setting("zoom_blur", strength)
    image = image_rgb.astype(np.float32)
    total = 2 * image  # the photo itself, and the enlargement by 1
    for number in range(1, count):
        total += _enlarged(image, 1 + number * step)
    total /= count + 1
    return to_uint8(total)


def _enlarged(image: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """The middle of an image, so much larger, at the image's own size."""
    height, width = image.shape[:2]
    inner_h, inner_w = math.ceil(height / factor), math.ceil(width / factor)
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    window = image[top : top + inner_h, left : left + inner_w]
    outer_h, outer_w = max(round(inner_h * factor), height), max(round(inner_w * factor), width)
    large = opencv().resize(window, (outer_w, outer_h), interpolation=opencv().INTER_LINEAR)
    top, left = (outer_h - height) // 2, (outer_w - width) // 2
    trimmed: NDArray[np.float32] = large[top : top + height, left : left + width]
    return trimmed


@functools.cache
def _disk(radius: int, sigma: float) -> NDArray[np.float32]:
    """float32 [k, k], sum 1: a disk with a softened edge."""
    reach = max(radius, _SOFT_FROM)
    across = np.arange(-reach, reach + 1)
    kernel = (across[:, None] ** 2 + across**2 <= radius**2).astype(np.float32)
    kernel /= kernel.sum()
    side = 3 if radius <= _SOFT_FROM else 5
    softened: NDArray[np.float32] = opencv().GaussianBlur(kernel, (side, side), sigma)
    # Filtering costs with the area, and the published kernel has an empty margin for the smaller disks.
    used = np.flatnonzero(softened.any(axis=0))
    return np.ascontiguousarray(softened[used[0] : used[-1] + 1, used[0] : used[-1] + 1])
