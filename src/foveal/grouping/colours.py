"""Whether two pictures have the same colours: recoloured goods are different photos, a grey copy of a photo is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.grouping.align import look
from foveal.grouping.tries import Tries

# Levels between the channels. Half of the picture must agree closely, three quarters roughly: a caption or black
# corners take the rest. Of 4,000 changed copies, the farthest had 12 and 22.
_HALF_LEVELS, _MOST_LEVELS = 12.0, 25.0
_TINT_LEVELS = 16.0
_GREY_LEVELS = 3.0


class Colours:
    """The colours of m pictures, brightness taken off.

    Args:
        thumbnails: uint8 [m, n, n, 3], RGB.
    """

    def __init__(self, thumbnails: NDArray[np.uint8]) -> None:
        chroma = np.moveaxis(thumbnails.astype(np.float32), 3, 0)
        chroma = np.ascontiguousarray(chroma - chroma.mean(0))
        self._tint = chroma.mean((2, 3))
        self._grey = np.quantile(_strongest(chroma), 0.9, axis=(1, 2)) <= _GREY_LEVELS
        self._chroma = chroma

    def same_tint(self, tries: Tries) -> NDArray[np.bool_]:
        """bool [t]: whether the mean colours are near, or one of the two is grey; however they lie."""
        near = _strongest(self._tint[:, tries.first] - self._tint[:, tries.second]) <= _TINT_LEVELS
        return near | self._either_grey(tries)

    def same(self, tries: Tries) -> NDArray[np.bool_]:
        """bool [t]: whether the colours agree place by place, or one of the two is grey."""
        seen = np.stack([look(channel[tries.second], tries.warps)[0] for channel in self._chroma])
        differ = _strongest(seen - self._chroma[:, tries.first].reshape(seen.shape))
        half, most = np.quantile(differ, (0.5, 0.75), axis=1)
        agree: NDArray[np.bool_] = (half <= _HALF_LEVELS) & (most <= _MOST_LEVELS)
        return agree | self._either_grey(tries)

    def _either_grey(self, tries: Tries) -> NDArray[np.bool_]:
        either: NDArray[np.bool_] = self._grey[tries.first] | self._grey[tries.second]
        return either


def _strongest(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest size among three channels, which stand first."""
    red, green, blue = np.abs(channels)
    strongest: NDArray[np.float32] = np.maximum(np.maximum(red, green), blue)
    return strongest
