"""Noise of the sensor: Gaussian, of few photons, and dead pixels."""

from __future__ import annotations

import functools
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.corruptions.strengths import setting, to_uint8

# Drawing 150,000 normal or Poisson numbers takes 1 to 10 ms; looking up 16 random bits in a table of quantiles takes a
# fifth of one. A distribution of so many steps is off by at most half a step, far less than one photo could show.
_NORMAL_STEPS = 1 << 16
_PHOTON_BITS = 12


def gaussian_noise(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Normal noise added to every value, for lack of light; see `Corruption`."""
    noise = _normal_quantiles()[_draw(image_rgb, chance)]
    noise *= 255 * setting("gaussian_noise", strength)
    noise += image_rgb
    return to_uint8(noise)


def shot_noise(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Every value counted in photons, whose number is a Poisson draw; see `Corruption`."""
    where = image_rgb.astype(np.intp)
    where <<= _PHOTON_BITS
    where |= _draw(image_rgb, chance) >> (16 - _PHOTON_BITS)
    return _photon_quantiles(setting("shot_noise", strength))[where]


def impulse_noise(image_rgb: NDArray[np.uint8], strength: int, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Some values, each channel for itself, replaced by 0 or 255; see `Corruption`."""
    share = setting("impulse_noise", strength)
    drawn = _draw(image_rgb, chance)
    edge = round(share / 2 * (1 << 16))
    out = image_rgb.copy()
    out[drawn < edge] = 0
    out[drawn >= (1 << 16) - edge] = 255
    return out


def _draw(image_rgb: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint16]:
    """16 random bits for each value."""
    return np.frombuffer(chance.bytes(2 * image_rgb.size), np.dtype("<u2")).reshape(image_rgb.shape)


@functools.cache
def _normal_quantiles() -> NDArray[np.float32]:
    """float32 [65536]: quantiles of the standard normal distribution, at the middles of equal steps."""
    normal = NormalDist()
    upper = [normal.inv_cdf(0.5 + (step + 0.5) / _NORMAL_STEPS) for step in range(_NORMAL_STEPS // 2)]
    half = np.array(upper, np.float32)
    return np.concatenate([-half[::-1], half])


@functools.cache
def _photon_quantiles(white: int) -> NDArray[np.uint8]:
    """uint8 [256 · 4096]: for each value, quantiles of what it becomes where white is so many photons."""
    steps = (np.arange(1 << _PHOTON_BITS) + 0.5) / (1 << _PHOTON_BITS)
    counts = np.arange(white + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    shown = (counts / white * 255).astype(np.uint8)
    table = np.zeros((256, len(steps)), np.uint8)
    for value in range(1, 256):
        mean = value / 255 * white
        below = np.cumsum(np.exp(counts * np.log(mean) - mean - log_factorial))
        table[value] = shown[np.minimum(np.searchsorted(below, steps), white)]
    return table.ravel()
