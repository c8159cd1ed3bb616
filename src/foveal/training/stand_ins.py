"""Pictures with the spectrum of photos, for where a network is run and no photos are at hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Photos' colours move together: most of what differs is brightness.
_OWN_COLOUR = 0.4


def stand_in_photos(size_wh: tuple[int, int], count: int, *, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Draw pictures whose amplitude falls with spatial frequency, as that of natural scenes does.

    Field, "Relations between the statistics of natural images and the response properties of cortical cells" (Journal
    of the Optical Society of America A, 1987).

    Args:
        size_wh: Width and height.
        count: How many.
        seed: The same seed draws the same pictures.

    Returns:
        uint8 [H, W, 3] each, from dark to bright and from faint to strong in contrast.
    """
    width, height = size_wh
    chance = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    drawn = []
    for _ in range(count):
        planes = np.stack([_cloud(frequency, height, width, chance) for _ in range(4)], axis=-1)
        colours = planes[..., 3:] + _OWN_COLOUR * planes[..., :3]
        values = chance.uniform(80, 170) + chance.uniform(25, 70) * colours
        drawn.append(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    return drawn


def _cloud(frequency: NDArray[np.float64], height: int, width: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """A plane of mean 0 and variance 1."""
    waves = np.fft.rfft2(chance.normal(size=(height, width))) / frequency
    plane = np.fft.irfft2(waves, s=(height, width))
    return np.asarray(plane / max(float(plane.std()), 1e-12))
