"""Pairs of photos with a guess at how the one lies on the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.grouping.align import Warps
from foveal.runtimes.engine import threads

_BLOCK = 256


@dataclass(frozen=True)
class Tries:
    """Guesses at how pairs of photos lie on one another.

    Args:
        pair: int64 [t], number of the pair; one may be tried in several ways.
        first: int64 [t], number of the fixed photo.
        second: int64 [t], number of the moving photo.
        warps: float32 [t, 2, 3], see `foveal.grouping.align`.
    """

    pair: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    warps: Warps

    def select(self, which: NDArray[np.bool_] | slice) -> Tries:
        """Some of them."""
        return Tries(self.pair[which], self.first[which], self.second[which], self.warps[which])

    def moved(self, warps: Warps) -> Tries:
        """The same pairs with other guesses."""
        return Tries(self.pair, self.first, self.second, warps)

    def unmoved(self) -> Tries:
        """The same pairs laid straight on one another; mirrored and turned by right angles as they were."""
        warps = np.zeros_like(self.warps)
        warps[:, :, :2] = np.rint(self.warps[:, :, :2])
        return self.moved(warps)

    @staticmethod
    def join(tries: Sequence[Tries]) -> Tries:
        """All of several."""
        return Tries(
            np.concatenate([each.pair for each in tries]),
            np.concatenate([each.first for each in tries]),
            np.concatenate([each.second for each in tries]),
            np.concatenate([each.warps for each in tries]),
        )

    def in_blocks(self, work: Callable[[Tries], Tries]) -> Tries:
        """What a function makes of all, some at a time on every processor."""
        blocks = [self.select(slice(start, start + _BLOCK)) for start in range(0, len(self.pair), _BLOCK)]
        if not blocks:
            return self
        with ThreadPoolExecutor(threads()) as pool:
            return Tries.join(list(pool.map(work, blocks)))


def straight(count: int, sign: Any) -> Warps:
    """float32 [count, 2, 3]: maps that leave a picture as it is (sign 1) or mirror it (sign -1)."""
    warps = np.zeros((count, 2, 3), np.float32)
    warps[:, 0, 0] = sign
    warps[:, 1, 1] = 1
    return warps
