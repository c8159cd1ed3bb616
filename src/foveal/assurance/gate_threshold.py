"""Where the gate closes: a level of the scores of training photos that were held out."""

from __future__ import annotations

import math

import numpy as np

from foveal.heads.linear import Array

# Of many photos like those learnt from, this share may be turned away. On clothes, twice as much turned away 98.3 % of
# ImageNet's photos instead of 98.0 %, and 2.2 % of the photos of clothes instead of 1.3 %.
FALSE_ALARMS = 0.01
# Of few photos the far end is hardly known, so they are given a smaller share: of this many, half of it.
_CAUTION = 100


def share_of(photos: int) -> float:
    """The share of false alarms aimed at with so many photos, 0..`FALSE_ALARMS`."""
    return FALSE_ALARMS * photos / (photos + _CAUTION)


def threshold_of(scores: Array, false_alarms: float) -> float:
    """The score above which a photo is unknown.

    It is the ⌈(n + 1)(1 − α)⌉-th smallest score: then a new photo of the same kind is above it with probability at most
    α (Vovk, Gammerman & Shafer, "Algorithmic learning in a random world", 2005). Fewer than 1/α − 1 photos have no
    such score; the farther quarter is then continued as an exponential tail beyond the largest.

    Args:
        scores: float32 [n] of photos that the gate had not seen, n ≥ 4.
        false_alarms: The share α, above 0.
    """
    ascending = np.sort(scores).astype(np.float64)
    n = len(ascending)
    rank = math.ceil((n + 1) * (1 - false_alarms))
    if rank <= n:
        return float(ascending[rank - 1])
    farther = ascending[-max(n // 4, 2) :]
    tail = float((farther - farther[0]).mean())
    return float(ascending[-1] + tail * math.log(1 / (false_alarms * (n + 1))))
