"""Faults of aiming: the camera held askew, too near, too far, or its photo shrunk on the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import setting
from foveal.imaging.opencv import opencv


def rotation(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Turned to one side; the corners show the photo reflected; see `Corruption`."""
    cv2 = opencv()
    height, width = image_rgb.shape[:2]
    degrees = setting("rotation", strength) * (1 if chance.integers(2) else -1)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    turned: NDArray[np.uint8] = cv2.warpAffine(
        image_rgb, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return turned


def sideways(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Turned by 90° to one side, and squeezed where it is not square; see `Corruption`."""
    turned = np.ascontiguousarray(np.rot90(image_rgb, 1 if chance.integers(2) else -1))
    height, width = image_rgb.shape[:2]
    if height != width:
        turned = opencv().resize(turned, (width, height), interpolation=opencv().INTER_LINEAR)
    return turned


def upside_down(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Turned by 180°; see `Corruption`. Nothing is left to chance."""
    return np.ascontiguousarray(image_rgb[::-1, ::-1])


def mirrored(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Left for right; see `Corruption`. Nothing is left to chance."""
    return np.ascontiguousarray(image_rgb[:, ::-1])


def crop(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """A part of the photo, from anywhere in it, fills the picture; see `Corruption`."""
    height, width = image_rgb.shape[:2]
    share = setting("crop", strength)
    inner_h, inner_w = max(1, round(height * share)), max(1, round(width * share))
    top, left = int(chance.integers(height - inner_h + 1)), int(chance.integers(width - inner_w + 1))
    part = image_rgb[top : top + inner_h, left : left + inner_w]
    larger: NDArray[np.uint8] = opencv().resize(part, (width, height), interpolation=opencv().INTER_LINEAR)
    return larger


def too_far(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """The photo fills only the middle; its outer pixels are drawn on to the edges; see `Corruption`."""
    cv2 = opencv()
    height, width = image_rgb.shape[:2]
    share = setting("too_far", strength)
    inner_h, inner_w = max(1, round(height * share)), max(1, round(width * share))
    small = cv2.resize(image_rgb, (inner_w, inner_h), interpolation=cv2.INTER_AREA)
    top, left = (height - inner_h) // 2, (width - inner_w) // 2
    wide: NDArray[np.uint8] = cv2.copyMakeBorder(
        small, top, height - inner_h - top, left, width - inner_w - left, cv2.BORDER_REPLICATE
    )
    return wide


def low_resolution(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Shrunk and smoothly enlarged again; see `Corruption`. Nothing is left to chance."""
    cv2 = opencv()
    height, width = image_rgb.shape[:2]
    share = setting("low_resolution", strength)
    small = cv2.resize(
        image_rgb, (max(1, round(width * share)), max(1, round(height * share))), interpolation=cv2.INTER_AREA
    )
    soft: NDArray[np.uint8] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return soft
