"""How far photos lie from the others that were learnt from, as new photos would lie from all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array

_LEAST_FACTOR = 0.7
_LEAST_SHARE = 0.25


def learnt_from(folds: NDArray[np.int8], *, twice: bool) -> NDArray[np.bool_]:
    """Which photos each distance is learnt from, bool [S, n]: all; all but one fold; and all but a fold and the next.

    Args:
        folds: int8 [n], 0 … K − 1.
        twice: Whether the last are wanted; there are none where too few photos would be left.
    """
    count = int(folds.max()) + 1
    rows = [np.ones(len(folds), np.bool_), *(folds != fold for fold in range(count))]
    without_two = [(folds != fold) & (folds != (fold + 1) % count) for fold in range(count)]
    if twice and count > 2 and min(np.count_nonzero(each) for each in without_two) >= len(folds) * _LEAST_SHARE:
        rows += without_two
    return np.stack(rows)


def held_out(distances: Array, folds: NDArray[np.int8]) -> Array:
    """The distance of each photo by what did not see its fold, float32 [n], brought to what all photos would give.

    The more photos are learnt from, the nearer new ones lie: of 20 photos the held-out ones lie 13 % farther off than
    new ones do. The distance falls about as one over the number of photos, so how much it grows when a second fold is
    left out says how much it would fall if none were.

    Args:
        distances: float32 [S, n], in the order of `learnt_from`.
        folds: int8 [n], 0 … K − 1.
    """
    count = int(folds.max()) + 1
    photos = np.arange(len(folds))
    once = distances[1 + folds.astype(np.intp), photos]
    if len(distances) == 1 + count:
        return once
    again = distances[1 + count + folds.astype(np.intp), photos]
    growth = max(float(np.median(again / np.maximum(once, 1e-6))) - 1, 0)
    all_, without_one, without_two = 1.0, 1 / (1 - 1 / count), 1 / (1 - 2 / count)
    factor = max(1 - growth * (without_one - all_) / (without_two - without_one), _LEAST_FACTOR)
    found: Array = once * np.float32(factor)
    return found
