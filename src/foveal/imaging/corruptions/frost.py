"""Frost on the lens.

ImageNet-C lays crops of five photographs of frost over the photo. None comes with foveal: the frost is drawn, fans
of ice needles under clouds, as bright, as contrasted and as coloured as those photographs are. So this is the one
corruption whose figures are only near those of ImageNet-C.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.plasma import plasma
from foveal.imaging.corruptions.strengths import scale_of, setting, to_uint8
from foveal.imaging.opencv import opencv

_SIDE = 384

# Mean colour and deviation of five sheets; how many fans of needles, how long and how wide.
_SHEETS = (
    ((78, 149, 166), 18, 5000, 8, 0.5),
    ((201, 205, 214), 21, 900, 32, 0.12),
    ((188, 196, 206), 24, 620, 44, 0.25),
    ((138, 153, 165), 28, 2250, 14, 0.7),
    ((112, 123, 135), 43, 510, 52, 0.4),
)
_NEEDLES = 14


def frost(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """A crop of a sheet of drawn frost, mirrored or not, added to the darkened photo; see `Corruption`."""
    photo, ice = setting("frost", strength)
    cv2 = opencv()
    height, width = image_rgb.shape[:2]
    scale = scale_of(image_rgb)
    crop_h, crop_w = (min(_SIDE, max(1, round(side / scale))) for side in (height, width))
    sheet = _sheet(int(chance.integers(len(_SHEETS))))
    top, left = int(chance.integers(_SIDE - crop_h + 1)), int(chance.integers(_SIDE - crop_w + 1))
    crop = sheet[top : top + crop_h, left : left + crop_w]
    if chance.integers(2):
        crop = crop[:, ::-1]
    if (crop_h, crop_w) != (height, width):
        crop = cv2.resize(np.ascontiguousarray(crop), (width, height), interpolation=cv2.INTER_LINEAR)
    frozen = image_rgb.astype(np.float32)
    frozen *= photo
    frozen += crop * np.float32(ice)
    return to_uint8(frozen)


@functools.cache
def _sheet(number: int) -> NDArray[np.uint8]:
    """uint8 [384, 384, 3]: one of five sheets of frost, the same every time."""
    colour, deviation, fans, length, spread = _SHEETS[number]
    chance = np.random.Generator(np.random.SFC64(number))
    ice = np.full((_SIDE, _SIDE), 128, np.uint8)
    for _ in range(fans):
        _draw_fan(ice, length, spread, chance)
    needles = _standard(opencv().GaussianBlur(ice.astype(np.float32), (0, 0), 0.6))
    shades = _standard(np.tanh(needles / 2) + 0.5 * _standard(plasma(512, 1.7, chance)[:_SIDE, :_SIDE]))
    return to_uint8(np.asarray(colour, np.float32) + shades[:, :, None] * np.float32(deviation))


def _draw_fan(ice: NDArray[np.uint8], length: float, spread: float, chance: np.random.Generator) -> None:
    """Ice needles that grow from one point in about one direction, each as light as it happens to lie."""
    cv2 = opencv()
    x, y = chance.uniform(-0.05, 1.05, 2) * _SIDE
    angles = chance.uniform(0, 2 * math.pi) + spread * chance.standard_normal(_NEEDLES)
    reaches = length * chance.uniform(0.3, 1.5, _NEEDLES)
    lights = np.clip(chance.uniform(40, 200) + 45 * chance.standard_normal(_NEEDLES), 0, 255)
    tips = np.stack([x + reaches * np.cos(angles), y + reaches * np.sin(angles)], axis=1)
    root = (round(16 * x), round(16 * y))
    for (tip_x, tip_y), light in zip((16 * tips).round().astype(int).tolist(), lights.tolist(), strict=True):
        cv2.line(ice, root, (tip_x, tip_y), light, 1, cv2.LINE_AA, 4)


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    standard: NDArray[np.float32] = (values - values.mean()) / values.std()
    return standard
