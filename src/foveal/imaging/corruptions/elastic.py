"""Stretched and squeezed: the corners moved a little, then every point."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import scale_of, setting
from foveal.imaging.opencv import opencv

# Noise under a Gaussian many pixels wide is drawn for blocks of pixels: nothing finer is left of it.
_FINEST_SIGMA = 4.0


def elastic_transform(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """A small affine change, then every point displaced by smooth noise; see `Corruption`."""
    cv2 = opencv()
    scale = scale_of(image_rgb)
    amount, sigma, corner = (scale * value for value in setting("elastic_transform", strength))
    # A Gaussian twice as wide leaves half of the noise, and displacements have to double: lengths count twice.
    amount *= scale
    height, width = image_rgb.shape[:2]
    moved = cv2.warpAffine(
        image_rgb,
        cv2.getAffineTransform(*_corners((height, width), corner, chance)),
        (width, height),
        borderMode=cv2.BORDER_REFLECT_101,
    )
    across = _smooth_noise((height, width), sigma, chance) * np.float32(amount)
    down = _smooth_noise((height, width), sigma, chance) * np.float32(amount)
    columns, rows = _grid((height, width))
    stretched: NDArray[np.uint8] = cv2.remap(
        moved, across + columns, down + rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return stretched


def _corners(
    size_hw: tuple[int, int], corner: float, chance: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32 [3, 2] each: three corners of a square in the middle, and where they are moved to."""
    middle = np.array(size_hw, np.float32) // 2
    side = min(size_hw) // 3
    before = np.stack([middle + side, middle + np.array([side, -side], np.float32), middle - side]).astype(np.float32)
    return before, before + chance.uniform(-corner, corner, before.shape).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _grid(size_hw: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32 [1, W] and [H, 1]: column and row numbers."""
    return np.arange(size_hw[1], dtype=np.float32)[None], np.arange(size_hw[0], dtype=np.float32)[:, None]


def _smooth_noise(size_hw: tuple[int, int], sigma: float, chance: np.random.Generator) -> NDArray[np.float32]:
    """float32 [H, W]: noise of -1..1 under a Gaussian.

    A block's mean of n independent values has 1/√n of their deviation, and is as good as normal.
    """
    cv2 = opencv()
    height, width = size_hw
    block = max(1, int(sigma / _FINEST_SIGMA))
    if block == 1:
        return _smooth(chance.random(size_hw, np.float32) * 2 - 1, sigma)
    down, across = -(-height // block), -(-width // block)
    share = np.sqrt(down * across / (height * width))
    noise = chance.standard_normal((down, across), np.float32) * np.float32(share / np.sqrt(3))
    whole: NDArray[np.float32] = cv2.resize(_smooth(noise, sigma * share), (width, height))
    return whole


def _smooth(noise: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    side = 2 * int(3 * sigma + 0.5) + 1
    smooth: NDArray[np.float32] = opencv().GaussianBlur(noise, (side, side), sigma, borderType=opencv().BORDER_REFLECT)
    return smooth
