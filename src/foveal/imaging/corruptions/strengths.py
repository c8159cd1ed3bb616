"""The strengths: those of ImageNet-C as published, for 224-pixel photos, and those of the camera faults.

Lengths are pixels at 224 pixels; for another size they grow with the short side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SETTINGS: Mapping[str, tuple[Any, ...]] = {
    # Standard deviation, of 0..1.
    "gaussian_noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    # Photons that make white.
    "shot_noise": (60, 25, 12, 5, 3),
    # Share of values replaced.
    "impulse_noise": (0.03, 0.06, 0.09, 0.17, 0.27),
    # Radius of the disk, and sigma that softens its edge.
    "defocus_blur": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    # Sigma, farthest shift, rounds.
    "glass_blur": ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    # Radius, sigma.
    "motion_blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
    # Step and number of the enlargements, from 1. The published ranges end one step further at the first strength, by
    # rounding.
    "zoom_blur": ((0.01, 12), (0.01, 16), (0.02, 11), (0.02, 13), (0.03, 11)),
    # Mean and deviation of the flakes, enlargement, threshold, radius and sigma of their fall, share of the photo left.
    "snow": (
        (0.1, 0.3, 3.0, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2.0, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4.0, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ),
    # Weight of the photo, weight of the frost.
    "frost": ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
    # Amount, and by how much each finer octave is weaker.
    "fog": ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)),
    # Added to the value of HSV, of 0..1.
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
    # Share of the contrast left.
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    # Amount and sigma of the displacement, farthest shift of the corners; "244" is the published figure.
    "elastic_transform": (
        (244 * 2, 244 * 0.7, 244 * 0.1),
        (244 * 2, 244 * 0.08, 244 * 0.2),
        (244 * 0.05, 244 * 0.01, 244 * 0.02),
        (244 * 0.07, 244 * 0.01, 244 * 0.02),
        (244 * 0.12, 244 * 0.01, 244 * 0.02),
    ),
    # Share of the pixels left along each side.
    "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),
    # JPEG quality.
    "jpeg_compression": (25, 18, 15, 10, 7),
    # Degrees, to either side.
    "rotation": (5, 10, 20, 30, 45),
    # Degrees, to either side.
    "sideways": (90,),
    "upside_down": (180,),
    "mirrored": ("left for right",),
    # Share of each side left, anywhere in the photo.
    "crop": (0.9, 0.8, 0.7, 0.55, 0.4),
    # Share of each side that the photo fills.
    "too_far": (0.85, 0.7, 0.55, 0.4, 0.3),
    # Share of the pixels left along each side, and smoothed again.
    "low_resolution": (1 / 2, 1 / 3, 1 / 4, 1 / 6, 1 / 8),
    # Stops, in linear light.
    "underexposed": (-1.0, -1.5, -2.0, -3.0, -4.0),
    "overexposed": (0.5, 1.0, 1.5, 2.0, 3.0),
    # How many times red outweighs blue, or blue red, in linear light.
    "colour_cast": (1.25, 1.6, 2.0, 2.8, 4.0),
    # Share of the colour left.
    "greyscale": (0.8, 0.6, 0.4, 0.2, 0.0),
}


_TEXTS: Mapping[str, Callable[[Any], str]] = {
    "gaussian_noise": "σ {:g}".format,
    "shot_noise": "{} photons make white".format,
    "impulse_noise": "{:.0%} of the values".format,
    "defocus_blur": lambda value: f"radius {value[0]}",
    "glass_blur": lambda value: f"shifts up to {value[1]}, {value[2]} times",
    "motion_blur": lambda value: f"radius {value[0]}, σ {value[1]}",
    "zoom_blur": lambda value: f"up to {1 + value[0] * (value[1] - 1):.2f} times",
    "snow": lambda value: f"flakes × {value[2]:g}, {1 - value[6]:.0%} whitened",
    "frost": lambda value: f"{value[1]:.0%} frost on {value[0]:.0%} photo",
    "fog": lambda value: f"amount {value[0]:g}, decay {value[1]:g}",
    "brightness": "+{:g}".format,
    "contrast": "{:.0%} left".format,
    "elastic_transform": lambda value: f"σ {value[1]:.3g}, amount {value[0]:.3g}, corners {value[2]:.3g}",
    "pixelate": "sides × {:g}".format,
    "jpeg_compression": "quality {}".format,
    "rotation": "{}°".format,
    "sideways": "{}°".format,
    "upside_down": "{}°".format,
    "crop": "{:.0%} of each side".format,
    "too_far": "{:.0%} of each side".format,
    "low_resolution": lambda value: f"1/{round(1 / value)} of each side",
    "underexposed": "{:+g} stops".format,
    "overexposed": "{:+g} stops".format,
    "colour_cast": "red to blue × {:g}".format,
    "greyscale": "{:.0%} of the colour".format,
}


def setting(name: str, strength: int) -> Any:
    """What the strength of a corruption means in its own terms."""
    return SETTINGS[name][strength - 1]


def setting_text(name: str, strength: int) -> str:
    """The same for people: "30°", "quality 10"."""
    value = setting(name, strength)
    return value if isinstance(value, str) else _TEXTS[name](value)


def scale_of(image_rgb: NDArray[Any]) -> float:
    """By how much lengths in pixels are larger than at 224 pixels.

    Args:
        image_rgb: [H, W, ...].
    """
    height, width = image_rgb.shape[:2]
    return float(min(height, width)) / 224


def to_uint8(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Values as pixels, cut off at 0 and 255 and rounded down, as ImageNet-C's files were written.

    Args:
        values: float [...], overwritten.
    """
    return np.clip(values, 0, 255, out=values).astype(np.uint8)
