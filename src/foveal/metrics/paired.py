"""Two classifiers on the same photos: is one better, by how much, and could these photos tell?

Only the photos that one gets right and the other wrong speak. `gained` counts those that only the second gets right,
`lost` those that only the first does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np

from foveal.metrics.intervals import RESAMPLES, bootstrap
from foveal.types.checked import bad_value
from foveal.types.interval import Interval

Test = Literal["mid-p", "exact"]


class Discordance(NamedTuple):
    """How often two classifiers differ on n photos.

    Args:
        photos: Photos both judged.
        gained: Photos that only the second gets right.
        lost: Photos that only the first gets right.
    """

    photos: int
    gained: int
    lost: int

    @property
    def difference(self) -> float:
        """Accuracy of the second less that of the first."""
        return (self.gained - self.lost) / self.photos


def discordance(first_right: Any, second_right: Any) -> Discordance:
    """Count the photos that only one of two classifiers gets right.

    Args:
        first_right: bool [n], whether the first is right about each photo.
        second_right: bool [n], the same of the second.

    Raises:
        FovealError: `bad-value`: not booleans, other lengths, or no photos.
    """
    first, second = np.asarray(first_right), np.asarray(second_right)
    if first.dtype != np.bool_ or second.dtype != np.bool_ or first.shape != second.shape or first.ndim != 1:
        got = f"{first.dtype} {list(first.shape)} and {second.dtype} {list(second.shape)}"
        raise bad_value("discordance", "two arrays bool [n]", got)
    if not len(first):
        raise bad_value("discordance", "1 or more photos", 0)
    return Discordance(len(first), int(np.sum(second & ~first)), int(np.sum(first & ~second)))


def mcnemar(gained: int, lost: int, *, test: Test = "mid-p") -> float:
    """McNemar's test: the chance of so uneven a split, or more, if neither classifier were better (McNemar 1947).

    Mid-p counts the split itself half. The exact test never says "different" too often, but far too seldom with few
    photos; mid-p comes close to the level asked for and hardly ever passes it (Fagerland, Lydersen & Laake 2013).

    Args:
        gained: Photos that only the second gets right.
        lost: Photos that only the first gets right.
        test: "mid-p" or "exact", the two-sided binomial test.

    Returns:
        The p-value, above 0 and at most 1.

    Raises:
        FovealError: `bad-value`: counts below 0, or another test.
    """
    if min(gained, lost) < 0:
        raise bad_value("mcnemar", "counts of at least 0", f"{gained} and {lost}")
    if test not in ("mid-p", "exact"):
        raise bad_value("mcnemar", "test mid-p or exact", repr(test))
    n, fewer = gained + lost, min(gained, lost)
    upto, own = _half_binomial(n, fewer)
    p = 2 * upto - (own if test == "mid-p" else 0.0)
    return min(1.0, p)


def _half_binomial(n: int, k: int) -> tuple[float, float]:
    """Chance of k or fewer heads, and of exactly k, in n throws of a coin; k at most n / 2."""
    own = math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))
    total = term = own
    for heads in range(k, 0, -1):
        term *= heads / (n - heads + 1)
        total += term
        if term < 1e-17 * total:
            break
    return total, own


def paired_difference(counts: Discordance, *, confidence: float = 0.95) -> Interval:
    """Score interval of the difference in accuracy (Tango 1998): the differences a score test would not reject.

    Args:
        counts: From `discordance`.
        confidence: Coverage aimed at, above 0 and below 1.

    Returns:
        The interval of the second's accuracy less the first's, -1..1.

    Raises:
        FovealError: `bad-value`: a confidence outside 0..1.
    """
    if not 0 < confidence < 1:
        raise bad_value("paired_difference", "a confidence above 0 and below 1", confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    method = f"Tango score, paired, {100 * confidence:g} %"
    low = _root(lambda at: _tango(counts, at) - z, -1.0, counts.difference)
    high = _root(lambda at: _tango(counts, at) + z, counts.difference, 1.0)
    return Interval(low, high, method)


def _tango(counts: Discordance, difference: float) -> float:
    """Tango's statistic, about standard normal if the accuracies differ by `difference`; falls as that grows."""
    n, gained, lost = counts
    above = gained - lost - n * difference
    linear = -(gained + lost) + (2 * n - gained + lost) * difference
    constant = -lost * difference * (1 - difference)
    # The share of `lost` that is most likely at this difference: the larger root of 2n q² + linear q + constant.
    share = (math.sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if above == 0 else math.copysign(math.inf, above)
    return above / math.sqrt(variance)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function passes 0, by halving; an end where it does not."""
    if falling(low) <= 0:
        return low
    if falling(high) >= 0:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def paired_bootstrap(
    first: Any, second: Any, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Percentile bootstrap of a mean difference over photos, such as of being right, or of log loss (Efron 1979).

    Args:
        first: float [n], a number for each photo of the first classifier.
        second: float [n], the same of the second.
        confidence: Coverage aimed at, above 0 and below 1.
        resamples: How often to draw.
        seed: Same seed, same interval.

    Returns:
        The interval of the mean of second less first.

    Raises:
        FovealError: `bad-value`: no or non-finite values, other lengths, or a confidence outside 0..1.
    """
    before, after = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if before.shape != after.shape:
        raise bad_value("paired_bootstrap", f"{list(before.shape)} values of both", list(after.shape))
    low, high, method = bootstrap(after - before, confidence=confidence, resamples=resamples, seed=seed)
    return Interval(low, high, method.replace("photos", "pairs"))


def photos_to_tell(difference: float, differing: float, *, power: float = 0.8, level: float = 0.05) -> int:
    """How many photos show a difference in accuracy with McNemar's test (Connor 1987, equation 1).

    Args:
        difference: Accuracy of one less that of the other, not 0.
        differing: Share of photos that one gets right and the other wrong; at least the difference.
        power: How often it should be found.
        level: How often one would be found where there is none.

    Raises:
        FovealError: `bad-value`: no difference, more than `differing`, or shares outside 0..1.
    """
    gap = abs(difference)
    if not (0 < gap <= differing <= 1 and 0 < power < 1 and 0 < level < 1):
        expected = "0 < |difference| <= differing <= 1, and power and level between 0 and 1"
        raise bad_value("photos_to_tell", expected, f"{difference}, {differing}, {power} and {level}")
    normal = NormalDist()
    under_none = normal.inv_cdf(1 - level / 2) * math.sqrt(differing)
    under_some = normal.inv_cdf(power) * math.sqrt(max(differing - gap * gap, 0.0))
    return math.ceil((under_none + under_some) ** 2 / (gap * gap))


def detectable_difference(photos: int, differing: float, *, power: float = 0.8, level: float = 0.05) -> float:
    """The smallest difference in accuracy that so many photos would show; infinite where none up to `differing` is.

    Args:
        photos: Photos both classifiers judge.
        differing: Share of photos that one gets right and the other wrong, above 0.
        power: How often it should be found.
        level: How often one would be found where there is none.

    Raises:
        FovealError: `bad-value`: no photos, or shares outside 0..1.
    """
    if photos < 1:
        raise bad_value("detectable_difference", "1 or more photos", photos)
    if photos_to_tell(differing, differing, power=power, level=level) > photos:
        return math.inf
    low, high = 0.0, differing
    for _ in range(60):
        middle = (low + high) / 2
        enough = photos_to_tell(middle, differing, power=power, level=level) <= photos
        low, high = (low, middle) if enough else (middle, high)
    return high
