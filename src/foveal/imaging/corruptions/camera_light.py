"""Faults of exposure and colour: too dark, too bright, a wrong white, colours lost."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import setting
from foveal.imaging.opencv import opencv


def underexposed(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """So many stops too dark; see `Corruption`. Nothing is left to chance."""
    return _lit(image_rgb, (2.0 ** setting("underexposed", strength),) * 3)


def overexposed(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """So many stops too bright, cut off at white; see `Corruption`. Nothing is left to chance."""
    return _lit(image_rgb, (2.0 ** setting("overexposed", strength),) * 3)


def colour_cast(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """White balance off to the warm or to the cold side; see `Corruption`."""
    root = setting("colour_cast", strength) ** 0.5
    return _lit(image_rgb, (root, 1.0, 1 / root) if chance.integers(2) else (1 / root, 1.0, root))


def greyscale(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Colours drawn towards the grey of the same luma; see `Corruption`. Nothing is left to chance."""
    cv2 = opencv()
    left = setting("greyscale", strength)
    grey = cv2.cvtColor(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    pale: NDArray[np.uint8] = cv2.addWeighted(image_rgb, left, grey, 1 - left, 0)
    return pale


def _lit(image_rgb: NDArray[np.uint8], gains: tuple[float, float, float]) -> NDArray[np.uint8]:
    changed: NDArray[np.uint8] = opencv().LUT(image_rgb, _table(gains))
    return changed


@functools.cache
def _table(gains: tuple[float, float, float]) -> NDArray[np.uint8]:
    """uint8 [1, 256, 3]: what each sRGB value becomes with so much more light in each channel (IEC 61966-2-1)."""
    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lit = np.minimum(linear[:, None] * np.array(gains), 1)
    again = np.where(lit <= 0.0031308, lit * 12.92, 1.055 * lit ** (1 / 2.4) - 0.055)
    table: NDArray[np.uint8] = np.rint(again * 255).astype(np.uint8)[None]
    return table
