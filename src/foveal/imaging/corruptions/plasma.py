"""Clouds by the diamond-square algorithm (Fournier, Fussell and Carpenter, CACM 1982)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FIRST = 100.0


def plasma(side: int, decay: float, chance: np.random.Generator) -> NDArray[np.float32]:
    """A cloudy height map whose edges meet.

    The middles of the edges take their corners as ImageNet-C's code does: from along the other edge. It makes the
    clouds a little rougher, and the published strengths go with it.

    Args:
        side: A power of two from 2.
        decay: A finer octave is weaker by the square of this.
        chance: Where its chance comes from.

    Returns:
        float32 [side, side], 0..1.
    """
    heights = np.zeros((side, side), np.float32)
    step, wobble = side, _FIRST
    while step >= 2:
        half = step // 2
        corners = heights[::step, ::step]
        shape = corners.shape
        pairs = corners + np.roll(corners, -1, axis=0)
        middles = (pairs + np.roll(pairs, -1, axis=1)) / 4 + _wobbles(shape, wobble, chance)
        heights[half::step, half::step] = middles
        along = middles + np.roll(middles, 1, axis=0) + pairs
        heights[::step, half::step] = along / 4 + _wobbles(shape, wobble, chance)
        along = middles + np.roll(middles, 1, axis=1) + corners + np.roll(corners, -1, axis=1)
        heights[half::step, ::step] = along / 4 + _wobbles(shape, wobble, chance)
        step, wobble = half, wobble / decay
    heights -= heights.min()
    heights /= heights.max()
    return heights


def _wobbles(shape: tuple[int, ...], wobble: float, chance: np.random.Generator) -> NDArray[np.float32]:
    drawn = chance.random(shape, np.float32)
    drawn -= np.float32(0.5)
    drawn *= np.float32(2 * wobble * wobble)
    return drawn
