"""How far a measured figure could be off: intervals for a share, for a mean and for macro-F1."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import blocks
from foveal.types.checked import bad_value, integers
from foveal.types.interval import Interval

RESAMPLES = 2000


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a share (Wilson 1927): keeps its coverage near 0 and 1 and for small n.

    Args:
        successes: How many of n, 0..n.
        n: How many were tried; for 0 nothing is known and the interval is 0..1.
        confidence: Coverage aimed at, above 0 and below 1.

    Raises:
        FovealError: `bad-value`: successes outside 0..n, or a confidence outside 0..1.
    """
    if not 0 <= successes <= n:
        raise bad_value("wilson", "0 <= successes <= n", f"{successes} of {n}")
    method = _method("Wilson score", confidence)
    if n == 0:
        return Interval(0.0, 1.0, method)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, pull = successes / n, z * z / n
    centre = (share + pull / 2) / (1 + pull)
    half = z * math.sqrt(share * (1 - share) / n + pull / (4 * n)) / (1 + pull)
    # The ends are exactly 0 and 1 for none and all; rounding must not put them on the wrong side.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low, high, method)


def bootstrap(values: Any, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Percentile bootstrap of a mean (Efron 1979): photos are drawn again with replacement.

    Args:
        values: float [n], one number for each photo, such as 1 for right and 0 for wrong, or its log loss.
        confidence: Coverage aimed at, above 0 and below 1.
        resamples: How often to draw.
        seed: Same seed, same interval.

    Raises:
        FovealError: `bad-value`: no or non-finite values, or a confidence outside 0..1.
    """
    each = _finite("bootstrap", values)
    sizes = np.ones(len(each))
    return _resample_ratio(each, sizes, "bootstrap over photos", confidence, resamples, seed)


def clustered(
    values: Any, groups: Any, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Percentile bootstrap of a mean in which whole groups are drawn (Davison and Hinkley 1997, section 3.8).

    Photos of one patient or one video resemble each other; drawing them one by one would make the interval too narrow.

    Args:
        values: float [n], one number for each photo.
        groups: int [n], group of each photo.
        confidence: Coverage aimed at, above 0 and below 1.
        resamples: How often to draw.
        seed: Same seed, same interval.

    Raises:
        FovealError: `bad-value`: no or non-finite values, other lengths, or a confidence outside 0..1.
    """
    each = _finite("clustered", values)
    _, member = np.unique(integers("clustered", "groups", groups, length=len(each)), return_inverse=True)
    sums = np.bincount(member, each).astype(np.float64)
    sizes = np.bincount(member).astype(np.float64)
    return _resample_ratio(sums, sizes, "bootstrap over groups", confidence, resamples, seed)


def bootstrap_macro_f1(
    confusion: NDArray[np.int64], *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Percentile bootstrap of macro-F1. Drawing photos again is drawing the cells of the confusion matrix again.

    Args:
        confusion: int64 [C, C]; row = true class, column = predicted class.
        confidence: Coverage aimed at, above 0 and below 1.
        resamples: How often to draw.
        seed: Same seed, same interval.

    Raises:
        FovealError: `bad-value`: not a square matrix of counts, no photos, or a confidence outside 0..1.
    """
    counts = np.asarray(confusion)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.sum() < 1 or counts.min() < 0:
        raise bad_value("bootstrap_macro_f1", "a square matrix of counts with photos", list(counts.shape))
    classes, total = len(counts), int(counts.sum())
    row, column = np.nonzero(counts)
    shares = counts[row, column] / total

    def draw(rng: np.random.Generator, times: int) -> NDArray[np.float64]:
        drawn = rng.multinomial(total, shares, size=times).astype(np.float64)
        hits = _per_class(drawn[:, row == column], row[row == column], classes)
        seen = _per_class(drawn, row, classes) + _per_class(drawn, column, classes)
        f1 = 2 * hits / np.maximum(seen, 1)
        return np.asarray(f1.sum(axis=1) / np.count_nonzero(seen, axis=1))

    width = max(len(row), classes)
    return _percentiles(draw, width, "bootstrap over photos", confidence, resamples, seed)


def _per_class(drawn: NDArray[np.float64], cells: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    offsets = np.arange(len(drawn))[:, None] * classes
    counts = np.bincount((offsets + cells).ravel(), drawn.ravel(), len(drawn) * classes)
    return counts.astype(np.float64, copy=False).reshape(-1, classes)


def _resample_ratio(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], name: str, confidence: float, resamples: int, seed: int
) -> Interval:
    def draw(rng: np.random.Generator, times: int) -> NDArray[np.float64]:
        chosen = rng.integers(0, len(sums), size=(times, len(sums)), dtype=np.int32)
        return np.asarray(sums[chosen].sum(axis=1) / sizes[chosen].sum(axis=1))

    return _percentiles(draw, len(sums), name, confidence, resamples, seed)


def _percentiles(
    draw: Callable[[np.random.Generator, int], NDArray[np.float64]],
    width: int,
    name: str,
    confidence: float,
    resamples: int,
    seed: int,
) -> Interval:
    method = _method(name, confidence)
    if resamples < 1:
        raise bad_value(name, "1 or more resamples", resamples)
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([draw(rng, block.stop - block.start) for block in blocks(resamples, width)])
    low, high = np.quantile(drawn, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Interval(float(low), float(high), method)


def _finite(owner: str, values: Any) -> NDArray[np.float64]:
    each = np.asarray(values, dtype=np.float64)
    if each.ndim != 1 or len(each) == 0 or not np.isfinite(each).all():
        raise bad_value(owner, "1 or more finite values [n]", list(each.shape))
    return each


def _method(name: str, confidence: float) -> str:
    if not 0 < confidence < 1:
        raise bad_value(name, "a confidence above 0 and below 1", confidence)
    return f"{name}, {100 * confidence:g} %"
