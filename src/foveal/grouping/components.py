"""From links between photos to groups of photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def components(first: NDArray[np.int64], second: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which photos hang together, directly or through others.

    Every photo takes the smallest number among its neighbours, then that number's own, until nothing changes (label
    propagation with pointer jumping): a few passes over the links whatever the shape of the groups.

    Args:
        first: int64 [p], the one photo of each link, 0 … count − 1.
        second: int64 [p], the other.
        count: Number of photos m.

    Returns:
        int64 [m]: the smallest photo of each one's group.
    """
    group = np.arange(count)
    while True:
        lowest = np.minimum(group[first], group[second])
        hooked = group.copy()
        np.minimum.at(hooked, group[first], lowest)
        np.minimum.at(hooked, group[second], lowest)
        while not np.array_equal(hooked, jumped := hooked[hooked]):
            hooked = jumped
        if np.array_equal(hooked, group):
            return group
        group = hooked
