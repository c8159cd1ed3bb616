"""Which part of a photo the network sees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def centred_window(image: NDArray[np.uint8], window_wh: tuple[float, float]) -> NDArray[np.uint8]:
    """The middle of an image, as a view: at least one pixel, at most the image.

    Args:
        image: uint8 [h, w, 3].
        window_wh: Width and height to keep, rounded to whole pixels.
    """
    height, width = image.shape[:2]
    window_w = min(max(round(window_wh[0]), 1), width)
    window_h = min(max(round(window_wh[1]), 1), height)
    left, top = (width - window_w) // 2, (height - window_h) // 2
    return image[top : top + window_h, left : left + window_w]


def crop_wh(image_wh: tuple[int, int], target_wh: tuple[int, int], share: float) -> tuple[float, float]:
    """Size of the largest window with the target's aspect, its sides times share."""
    scale = min(image_wh[0] / target_wh[0], image_wh[1] / target_wh[1]) * share
    return target_wh[0] * scale, target_wh[1] * scale


def balance_wh(image_wh: tuple[int, int], target_wh: tuple[int, int]) -> tuple[float, float]:
    """Size of the largest window whose aspect is the geometric mean of the image's and the target's.

    Half of the excess, in log aspect, is cut; squeezing the window to the target takes the other half. For a square
    target the window is min(w, √(wh)) × min(h, √(wh)).
    """
    width, height = image_wh
    aspect = math.sqrt(width / height * target_wh[0] / target_wh[1])
    return min(width, height * aspect), min(height, width / aspect)


def fitted_wh(image_wh: tuple[int, int], target_wh: tuple[int, int]) -> tuple[int, int]:
    """Size of the whole image, aspect kept, inside the target."""
    scale = min(target_wh[0] / image_wh[0], target_wh[1] / image_wh[1])
    return max(1, round(image_wh[0] * scale)), max(1, round(image_wh[1] * scale))
