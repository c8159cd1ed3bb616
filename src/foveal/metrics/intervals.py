"""How far a measured figure could be off: intervals for a share, for a mean, for F1 and for ROC-AUC."""

from __future__ import annotations

import math
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
    return Interval(*score_ends(successes / n, n, confidence), method)


def score_ends(share: float, photos: float, confidence: float = 0.95) -> tuple[float, float]:
    """Both ends of Wilson's interval for a share of so many photos, which may be a fraction: an effective number.

    A figure with a standard error s is known as well as a share of share·(1 − share)/s² photos, and the interval for
    that keeps inside 0..1 and its coverage near the ends (Korn & Graubard 1998; Dean & Pagano 2015).

    Args:
        share: 0..1.
        photos: Above 0.
        confidence: Coverage aimed at, above 0 and below 1.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    pull = z * z / photos
    centre = (share + pull / 2) / (1 + pull)
    half = z * math.sqrt(share * (1 - share) / photos + pull / (4 * photos)) / (1 + pull)
    # The ends are exactly 0 and 1 for none and all; rounding must not put them on the wrong side.
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return low, high


def f1_interval(hits: int, photos: int, predicted: int, confidence: float = 0.95) -> Interval:
    """Interval of one class's F1: Wilson's, of the share of hits among the photos that are its own or predicted for it.

    F1 = 2 s / (1 + s) for that share s, and rises with it, so the ends of one interval are those of the other.

    Args:
        hits: Photos of the class that are recognised.
        photos: Photos of the class.
        predicted: Photos the class was predicted for.
        confidence: Coverage aimed at, above 0 and below 1.

    Raises:
        FovealError: `bad-value`: more hits than photos or predictions, or a confidence outside 0..1.
    """
    low, high, method = wilson(hits, photos + predicted - hits, confidence)
    return Interval(2 * low / (1 + low), 2 * high / (1 + high), method)


def roc_interval(
    area: float, error: float, *, positives: int = 1, negatives: int = 1, confidence: float = 0.95
) -> Interval:
    """Interval of an area under the ROC curve: Wilson's, for as many photos as its standard error speaks for.

    That number is at least the smaller of positives and negatives: no area is known worse than a share of so many
    (van Dantzig 1951), and an area of 1, whose standard error is 0, not better.

    Args:
        area: 0..1.
        error: Its standard error by DeLong et al. (1988).
        positives: Photos of the class.
        negatives: Photos of other classes.
        confidence: Coverage aimed at, above 0 and below 1.

    Raises:
        FovealError: `bad-value`: a confidence outside 0..1.
    """
    method = _method("DeLong, score", confidence)
    fewest = float(min(positives, negatives))
    spread = area * (1 - area)
    photos = max(fewest, spread / (error * error)) if error > 0 and spread > 0 else fewest
    return Interval(*score_ends(area, photos, confidence), method)


def mean_interval(values: Any, *, confidence: float = 0.95) -> Interval:
    """Interval of the mean of numbers above 0, such as the log loss of each photo: normal on the scale of logarithms.

    Losses have few large values among many small ones, so that the mean is surer from below than from above.

    Args:
        values: float [n], one number of at least 0 for each photo.
        confidence: Coverage aimed at, above 0 and below 1.

    Raises:
        FovealError: `bad-value`: no, non-finite or negative values, or a confidence outside 0..1.
    """
    each = _finite("mean_interval", values)
    if each.min() < 0:
        raise bad_value("mean_interval", "values of at least 0", float(each.min()))
    method = _method("normal, logarithmic", confidence)
    mean = float(each.mean())
    if mean == 0:
        return Interval(0.0, 0.0, method)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    factor = math.exp(z * float(each.std(ddof=min(1, len(each) - 1))) / math.sqrt(len(each)) / mean)
    return Interval(mean / factor, mean * factor, method)


def bootstrap(values: Any, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Percentile bootstrap of a mean (Efron 1979; Hesterberg 2015): photos are drawn again with replacement.

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


def _resample_ratio(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], name: str, confidence: float, resamples: int, seed: int
) -> Interval:
    """Percentiles of sum over size, drawing the pairs again; set wider apart for few pairs (`_tail`)."""
    method, n = _method(name, confidence), len(sums)
    if resamples < 1:
        raise bad_value(name, "1 or more resamples", resamples)
    rng = np.random.default_rng(seed)
    drawn = np.empty(resamples)
    for block in blocks(resamples, n):
        chosen = rng.integers(0, n, size=(block.stop - block.start, n), dtype=np.int32)
        drawn[block] = sums[chosen].sum(axis=1) / sizes[chosen].sum(axis=1)
    tail = _tail(confidence, n)
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return Interval(float(low), float(high), method)


def _tail(confidence: float, n: int) -> float:
    """Share of draws to leave out at each end, less than (1 - confidence) / 2 the fewer are drawn from.

    Draws from n spread by a factor of sqrt((n - 1) / n) too little, and as a normal, not a t distribution does
    (Hesterberg 2015, "expanded percentiles"). Cornish and Fisher's series gives the quantile of t.
    """
    normal = NormalDist()
    z = normal.inv_cdf((1 + confidence) / 2)
    if n < 2:
        return 1 - normal.cdf(z)
    free = n - 1
    t = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    return 1 - normal.cdf(t * math.sqrt(n / free))


def _finite(owner: str, values: Any) -> NDArray[np.float64]:
    each = np.asarray(values, dtype=np.float64)
    if each.ndim != 1 or len(each) == 0 or not np.isfinite(each).all():
        raise bad_value(owner, "1 or more finite values [n]", list(each.shape))
    return each


def _method(name: str, confidence: float) -> str:
    if not 0 < confidence < 1:
        raise bad_value(name, "a confidence above 0 and below 1", confidence)
    return f"{name}, {100 * confidence:g} %"
