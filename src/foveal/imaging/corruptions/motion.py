"""Blur along a line: the camera moved during the exposure, or the snow did."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import scale_of, setting, to_uint8
from foveal.imaging.opencv import opencv


def motion_blur(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """The photo smeared to one side at an angle within 45° of the horizontal; see `Corruption`."""
    radius, sigma = setting("motion_blur", strength)
    scale = scale_of(image_rgb)
    angle = float(chance.uniform(-45, 45))
    return to_uint8(smeared(image_rgb.astype(np.float32), radius * scale, sigma * scale, angle))


def smeared(image: NDArray[np.float32], radius: float, sigma: float, angle: float) -> NDArray[np.float32]:
    """An image averaged along a ray from each pixel, with the weights of half a Gaussian.

    ImageNet-C calls ImageMagick for this, whose steps are whole pixels and whose edges repeat their last pixel.

    Args:
        image: float32 [H, W] or [H, W, 3].
        radius: The ray has 2 · radius + 1 pixels.
        sigma: In pixels.
        angle: In degrees; 0 to the right, 90 downwards.
    """
    cv2 = opencv()
    height, width = image.shape[:2]
    reach = 2 * math.ceil(radius) + 1
    weights = np.exp(-(np.arange(reach) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    wide = cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    total = np.zeros_like(image)
    for step, weight in enumerate(weights.tolist()):
        top, left = reach + math.ceil(step * sine - 0.5), reach + math.ceil(step * cosine - 0.5)
        cv2.scaleAdd(wide[top : top + height, left : left + width], weight, total, total)
    return total
