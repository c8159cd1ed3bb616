"""When further epochs bring nothing: judged photo by photo, not by a figure that went up or down."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.005
"""A gain in accuracy that is worth going on for: half a point."""

CONFIDENCE = 0.9


def gain(right: NDArray[np.bool_], window: int) -> tuple[float, float]:
    """How much more often the last epochs recognised the held-out photos than those before them.

    Each photo is compared with itself, so that photos on which all epochs agree say nothing, as in McNemar's test; and
    the epochs of a window are averaged, which takes out most of their flutter. The best epoch is not what is compared
    with: it is the luckiest as well, and everything after it looks worse.

    Args:
        right: bool [epochs, photos], at least two windows of epochs.
        window: Epochs that are looked at together.

    Returns:
        The mean difference, and the upper end of its one-sided 90 % interval (normal, paired).
    """
    late = right[-window:].mean(axis=0)
    early = right[-2 * window : -window].mean(axis=0)
    each: NDArray[np.float64] = late - early
    deviation = float(each.std(ddof=1)) if len(each) > 1 else math.inf
    error = deviation / math.sqrt(len(each))
    return float(each.mean()), float(each.mean()) + NormalDist().inv_cdf(CONFIDENCE) * error


def nothing_gained(right: NDArray[Any], patience: int) -> bool:
    """Whether a phase should end: the last `patience` epochs are credibly not half a point better than those before.

    With few held-out photos the interval is wide and training goes on: that they cannot tell is no reason to stop.
    Early stopping is as old as Prechelt, "Early stopping — but when?" (1998); the rule is this one.

    Args:
        right: bool [epochs, photos], of the epochs of the phase so far.
        patience: Epochs in a row; 0 never stops.
    """
    if not patience or len(right) < 2 * patience or right.shape[1] < 2:
        return False
    return gain(np.asarray(right, np.bool_), patience)[1] < MARGIN
