"""Which photos to measure on where all would take too long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified(labels: NDArray[np.integer], most: int, *, seed: int = 0) -> NDArray[np.intp]:
    """Some photos with about the same shares of the classes as all.

    Every class is shuffled and laid out evenly along 0..1; the photos are taken from the front.

    Args:
        labels: int [n].
        most: How many at most, at least 1.
        seed: Same seed, same photos.

    Returns:
        int [m], m ≤ most, ascending indices.
    """
    chance = np.random.default_rng(seed)
    shuffled = chance.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    ranks = np.arange(len(labels)) - np.repeat(starts, counts)
    places = (ranks + chance.random(len(labels))) / np.repeat(counts, counts)
    return np.sort(by_class[np.argsort(places, kind="stable")[:most]])
