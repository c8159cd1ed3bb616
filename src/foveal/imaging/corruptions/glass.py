"""Seen through frosted glass: blurred, pixels displaced at random, blurred again."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import scale_of, setting, to_uint8
from foveal.imaging.opencv import opencv


def glass_blur(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Blurred, each pixel replaced by one nearby, a few times over, and blurred again; see `Corruption`."""
    sigma, reach, rounds = setting("glass_blur", strength)
    scale = scale_of(image_rgb)
    reach = max(1, round(reach * scale))
    height, width = image_rgb.shape[:2]
    blurred = to_uint8(_blur(image_rgb.astype(np.float32), sigma * scale))
    # Four bytes a pixel are moved at once.
    pixels = opencv().cvtColor(blurred, opencv().COLOR_RGB2RGBA).view(np.uint32).ravel()
    for _ in range(rounds):
        shifts = chance.integers(-reach, reach, (2, height - 2 * reach, width - 2 * reach), np.int8)
        pixels = pixels[displaced((height, width), reach, shifts)]
    shuffled = pixels.view(np.uint8).reshape(height, width, 4)[:, :, :3]
    return to_uint8(_blur(shuffled.astype(np.float32), sigma * scale))


def displaced(size_hw: tuple[int, int], reach: int, shifts: NDArray[np.int8]) -> NDArray[np.intp]:
    """From where each pixel comes after ImageNet-C's round of displacements.

    The published loop goes backwards over the pixels and means to swap each with the one that its shift points at. It
    swaps two views of one array, so that the second assignment does nothing: the pixel becomes a copy of the other, as
    that is at the time. If the other was visited before, it is a copy itself, and so on: chains, which are followed
    here all at once; few are longer than three.

    Args:
        size_hw: Height H and width W.
        reach: Rows and columns up to `reach`, and those from the last but `reach` + 1 on, stay.
        shifts: int8 [2, H - 2·reach, W - 2·reach], how far down and to the right each pixel looks.

    Returns:
        int [H·W], an index of a pixel for each pixel.
    """
    own, inside = _grid(size_hw, reach)
    source = own.copy()
    square = source.reshape(size_hw)[reach + 1 : size_hw[0] - reach + 1, reach + 1 : size_hw[1] - reach + 1]
    square += shifts[1]
    square += shifts[0].astype(np.intp) * size_hw[1]
    # A pixel further on was visited already: what it shows by now counts.
    goes_on = (source > own) & inside[source]
    chained = np.flatnonzero(goes_on)
    at = source[chained]
    final = source.copy()
    while len(chained):
        further = source[at]
        final[chained] = further
        longer = goes_on[at]
        chained, at = chained[longer], further[longer]
    return final


@functools.lru_cache(maxsize=8)
def _grid(size_hw: tuple[int, int], reach: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """int [H·W], every pixel's index, and bool [H·W], whether it is displaced."""
    height, width = size_hw
    inside = np.zeros(size_hw, np.bool_)
    inside[reach + 1 : height - reach + 1, reach + 1 : width - reach + 1] = True
    return np.arange(height * width), inside.ravel()


def _blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    side = 2 * int(4 * sigma + 0.5) + 1
    cv2 = opencv()
    blurred: NDArray[np.float32] = cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
    return blurred
