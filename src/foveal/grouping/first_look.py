"""Which pairs of photos could be the same at all, and roughly how the one lies on the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.grouping.align import Pictures, Warps, look
from foveal.grouping.tries import Tries, straight

COARSE = 16
"""Rows and columns of the pictures that are looked at."""

# A pair is tried both plain and mirrored where the look cannot tell: many garments are symmetric.
_LEAST = 0.38
_UNDECIDED = 0.15

# What the network finds less alike must look more alike here: of 2,700 changed copies all but a few had 1.3 or more.
_LEAST_TOGETHER = 1.15
_SHIFT = 2

# Degrees. Alignment makes up for about 8 more or less. Turned pictures are compared without shifts, and tried where
# that is better than any way of not turning them.
_TURNS = (-30, -15, 15, 30, 90, 180, 270)
_TURNED_LEAST = 0.5


class FirstLook:
    """Compares coarse pictures: shifted by up to 2 of 16 pixels, mirrored, and turned.

    Args:
        coarse: float32 [m, 16, 16], normalised.
        size_wh: int64 [m, 2], of the photos.
        closeness: float32 [p], of each pair to the network, up to 1.
    """

    def __init__(self, coarse: Pictures, size_wh: NDArray[np.int64], closeness: NDArray[np.float32]) -> None:
        self._least = np.maximum(_LEAST, _LEAST_TOGETHER - closeness)
        self._whole = coarse / (np.sqrt((coarse * coarse).sum((1, 2), keepdims=True)) + 1e-6)
        self._plain = np.fft.rfft2(self._whole)
        self._mirror = np.fft.rfft2(self._whole[:, :, ::-1])
        self._turned = [
            (warps, look(self._whole, warps)[0])
            for warps in (_turned(size_wh, turn, sign) for turn, sign in itertools.product(_TURNS, (1, -1)))
        ]

    def __call__(self, pairs: Tries) -> Tries:
        """The ways that are worth trying, for pairs whatever their maps."""
        looks = [self._best_shift(pairs, moving) for moving in (self._plain, self._mirror)]
        best = np.maximum(looks[0][0], looks[1][0])
        tries = []
        for (product, shift_y, shift_x), sign in zip(looks, (1, -1), strict=True):
            possible = (product >= self._least[pairs.pair]) & (product >= best - _UNDECIDED)
            some = pairs.select(possible)
            warps = straight(len(some.pair), sign)
            warps[:, 0, 2] = -sign * shift_x[possible] * 2 / COARSE
            warps[:, 1, 2] = -shift_y[possible] * 2 / COARSE
            tries.append(some.moved(warps))
        tries.append(self._best_turn(pairs, best))
        return Tries.join(tries)

    def _best_shift(
        self, pairs: Tries, moving: NDArray[np.complexfloating[Any, Any]]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
        width = 2 * _SHIFT + 1
        surface = np.fft.irfft2(self._plain[pairs.first] * moving[pairs.second].conj(), s=(COARSE, COARSE))
        near = np.roll(surface, (_SHIFT, _SHIFT), (1, 2))[:, :width, :width].reshape(len(pairs.pair), width * width)
        at = near.argmax(1)
        return near[np.arange(len(near)), at].astype(np.float32), at // width - _SHIFT, at % width - _SHIFT

    def _best_turn(self, pairs: Tries, unturned: NDArray[np.float32]) -> Tries:
        fixed = self._whole[pairs.first].reshape(len(pairs.first), COARSE * COARSE)
        products = np.stack([np.einsum("tn,tn->t", fixed, seen[pairs.second]) for _, seen in self._turned])
        at = products.argmax(0)
        best = products[at, np.arange(len(at))]
        possible = (best >= _TURNED_LEAST) & (best > unturned)
        warps = np.stack([warps for warps, _ in self._turned])
        return pairs.select(possible).moved(warps[at[possible], pairs.second[possible]])


def _turned(size_wh: NDArray[np.int64], turn: int, sign: int) -> Warps:
    """float32 [m, 2, 3]: onto each photo from itself turned by so many degrees, and mirrored where sign is -1.

    Turned by less than a right angle, a photo keeps its frame; by right angles, the frame turns with it.
    """
    cosine, sine = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    aspect = np.ones(len(size_wh)) if turn % 90 == 0 else size_wh[:, 0] / size_wh[:, 1]
    warps = np.zeros((len(size_wh), 2, 3), np.float32)
    warps[:, 0, 0], warps[:, 0, 1] = sign * cosine, -sign * sine / aspect
    warps[:, 1, 0], warps[:, 1, 1] = sine * aspect, cosine
    return warps
