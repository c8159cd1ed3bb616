"""Groups of photos that must stay together, from the text that names them to numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def of_text(name: str) -> int:
    """A number for a group: 64 bits of a hash, so that a million names take no memory; -1 for the empty name.

    Two of a million groups get the same number with a chance of 1 in 30 million, and would then stay together.
    """
    if not name:
        return -1
    number = hash(name)
    return number if number != -1 else -2


def numbered(groups: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Groups as 0, 1, 2 … in the order in which they are met; -1 stays, and None stands for nothing but -1.

    Args:
        groups: int64 [n], equal for photos of one group.
    """
    known = groups != -1
    if not known.any():
        return None
    _, first, inverse = np.unique(groups[known], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    result = np.full(len(groups), -1, np.int64)
    result[known] = rank[inverse]
    return result
