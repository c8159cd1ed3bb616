"""Weather: snow, fog and glaring light."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.motion import smeared
from foveal.imaging.corruptions.plasma import plasma
from foveal.imaging.corruptions.strengths import scale_of, setting, to_uint8
from foveal.imaging.opencv import opencv


def snow(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Flakes of two directions before a whitened photo; see `Corruption`."""
    mean, deviation, larger, threshold, radius, sigma, left = setting("snow", strength)
    scale = scale_of(image_rgb)
    height, width = image_rgb.shape[:2]
    flakes = _flakes((height, width), mean, deviation, larger * scale, chance)
    flakes[flakes < threshold] = 0
    # Both roundings are part of the definition: ImageNet-C hands the flakes over as a picture.
    flakes = np.floor(np.clip(flakes, 0, 1) * 255)
    flakes = np.rint(smeared(flakes, radius * scale, sigma * scale, float(chance.uniform(-135, -45))))
    cv2 = opencv()
    photo = image_rgb.astype(np.float32)
    white = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY) * 1.5 + 127.5, cv2.COLOR_GRAY2RGB)
    mixed = cv2.addWeighted(photo, left, cv2.max(photo, white), 1 - left, 0)
    both = np.ascontiguousarray(flakes + flakes[::-1, ::-1])
    return to_uint8(cv2.add(mixed, cv2.cvtColor(both, cv2.COLOR_GRAY2RGB)))


def _flakes(
    size_hw: tuple[int, int], mean: float, deviation: float, larger: float, chance: np.random.Generator
) -> NDArray[np.float32]:
    """float32 [H, W]: normal noise, enlarged between the centres of its outer pixels, the middle kept."""
    height, width = size_hw
    seeds_h, seeds_w = math.ceil(height / larger), math.ceil(width / larger)
    seeds = chance.standard_normal((seeds_h, seeds_w), np.float32) * np.float32(deviation) + np.float32(mean)
    outer_h, outer_w = max(round(seeds_h * larger), height), max(round(seeds_w * larger), width)
    down, across = (seeds_h - 1) / max(outer_h - 1, 1), (seeds_w - 1) / max(outer_w - 1, 1)
    top, left = (outer_h - height) // 2, (outer_w - width) // 2
    matrix = np.array([[across, 0, left * across], [0, down, top * down]])
    cv2 = opencv()
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    grown: NDArray[np.float32] = cv2.warpAffine(
        seeds, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return grown


def fog(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Drifting fog, a plasma fractal, over the photo, as bright at most as its brightest value; see `Corruption`."""
    amount, decay = setting("fog", strength)
    height, width = image_rgb.shape[:2]
    side = 1 << (max(height, width) - 1).bit_length()
    brightest = float(image_rgb.max()) / 255
    mist = np.ascontiguousarray(plasma(side, decay, chance)[:height, :width])
    left = brightest / (brightest + amount)
    cv2 = opencv()
    thick = cv2.cvtColor(mist, cv2.COLOR_GRAY2RGB)
    return to_uint8(cv2.addWeighted(image_rgb.astype(np.float32), left, thick, 255 * amount * left, 0))


def brightness(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """The value of HSV raised, hue and saturation kept; see `Corruption`. Nothing is left to chance.

    With hue and saturation kept, raising the largest channel scales all three alike; black becomes grey.
    """
    added = setting("brightness", strength)
    cv2 = opencv()
    red, green, blue = cv2.split(image_rgb)
    value = cv2.max(cv2.max(red, green), blue)
    gains = cv2.cvtColor(_gains(added)[value], cv2.COLOR_GRAY2RGB)
    # Products that are whole numbers must not end up just below them.
    bright = cv2.add(cv2.multiply(image_rgb.astype(np.float32), gains), np.full(3, 1e-3))
    bright[value == 0] = 255 * added
    return to_uint8(bright)


@functools.cache
def _gains(added: float) -> NDArray[np.float32]:
    """float32 [256]: the factor for each value of HSV."""
    value = np.arange(256)
    gains: NDArray[np.float32] = (np.minimum(value + 255 * added, 255) / np.maximum(value, 1)).astype(np.float32)
    return gains
