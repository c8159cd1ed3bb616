"""How accuracy grows with the number of photos, and what more of them would bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.probes.power_law import Floats, draw_exponents, extrapolate
from foveal.probes.problem import Fitted
from foveal.probes.refit import Refit

FRACTIONS = (0.1, 0.2, 0.4, 0.7, 1.0)
GROWTH = (1.5, 2.0, 4.0)
# Small sizes cost little and depend on which photos they hold.
_REPEATS = (4, 3, 2, 1)
_FEWEST_PHOTOS = 10
_DRAWS = 1000
_ENDS = (0.025, 0.975)
# Cheap axes make somewhat more errors than all; how many more is measured on all photos, within reason.
_CORRECTION = (0.5, 2.0)


@dataclass(frozen=True)
class Curve:
    """Accuracy at several numbers of photos, each array float64 [S] but `sizes` int64 [S].

    Args:
        sizes: Photos to learn from and to be measured on out of fold, rising.
        accuracy: The share that is right, 0..1.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    sizes: NDArray[np.int64]
    accuracy: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class LearningCurve:
    """What was measured and where it leads.

    Args:
        measured: At 10, 20, 40, 70 and 100 % of the photos, as far as so few can be learnt from.
        ahead: At 1.5, 2 and 4 times as many.
        gain: float64 [3, 3]: for each of these the gain over now, and the ends of its 95 % interval. Narrower than the
            interval of `ahead`, since both accuracies are of the same photos.
    """

    measured: Curve
    ahead: Curve
    gain: Floats


def learning_curve(
    refit: Refit,
    whole: Fitted,
    right: NDArray[np.bool_],
    groups: NDArray[np.integer],
    *,
    seed: int = 0,
) -> LearningCurve | None:
    """Learn from ever more of the photos, and extrapolate the errors.

    Uncertainty is drawn a thousand times: errors from how they vary together between photos (groups of photos), the
    exponent of the law from its range. Learnt from half or a quarter of 3,068 photos of clothes, the accuracy with
    all of them is in the interval at all of 12 seeds, the gain in the interval too.

    Args:
        refit: The problem, made small.
        whole: What `refit` learnt from all photos.
        right: bool [n], the photos that are answered rightly out of fold on all axes: the figure people know.
        groups: int [n], photos that belong together share a number.
        seed: Decides which photos are learnt from.

    Returns:
        The curve; None where there are too few photos for three sizes.
    """
    rng = np.random.default_rng(seed)
    wrong, sizes = _wrong(refit, whole, rng)
    if len(sizes) < 3:
        return None
    measured = 1 - float(right.mean())
    # Laplace's rule: no errors among n photos are not proof that there are none.
    n = len(right)
    ratio = np.clip((measured + 1 / n) / (float(wrong[-1].mean()) + 1 / n), *_CORRECTION)
    errors = np.minimum(wrong * ratio, 1)
    draws = _draw(errors, groups, rng)
    exponents = draw_exponents(_DRAWS, rng)
    now = np.array([sizes[-1]])
    ahead = np.round(np.array(GROWTH) * sizes[-1])
    laws = np.clip(extrapolate(sizes, draws, exponents, np.append(now, ahead)), 0, 1)
    gains = laws[:, :1] - laws[:, 1:]
    mean = errors.mean(axis=1)
    mean[-1] = measured
    ends = np.quantile(draws, _ENDS, axis=0)
    # A law lies above or below what was measured; that more photos would do harm is not what it says.
    later = np.quantile(laws[:, 1:], (0.5, *_ENDS), axis=0)
    later[:2] = np.minimum(later[:2], mean[-1])
    return LearningCurve(
        Curve(sizes.astype(np.int64), 1 - mean, 1 - ends[1], 1 - ends[0]),
        Curve(ahead.astype(np.int64), 1 - later[0], 1 - later[2], 1 - later[1]),
        np.quantile(gains, (0.5, *_ENDS), axis=0).T,
    )


def _wrong(refit: Refit, whole: Fitted, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """How often each photo is answered wrongly after learning from so many, float64 [S, n], and how many, [S]."""
    labels = refit.problem.labels
    fewest = max(_FEWEST_PHOTOS, 2 * refit.problem.classes)
    found, sizes = [], []
    for fraction, repeats in zip(FRACTIONS, _REPEATS, strict=False):
        wrong = np.zeros(len(labels))
        tried = [np.flatnonzero(_ranks(labels, rng) <= fraction) for _ in range(repeats)]
        if min(map(len, tried)) < fewest or not all(map(refit.can_learn, tried)):
            continue
        for rows in tried:
            wrong += ~refit.right(refit.learn(rows))
        found.append(wrong / repeats)
        sizes.append(float(np.mean([len(rows) for rows in tried])))
    found.append((~refit.right(whole)).astype(np.float64))
    sizes.append(float(len(labels)))
    return np.array(found), np.array(sizes)


def _ranks(labels: NDArray[np.int32], rng: np.random.Generator) -> Floats:
    """A random order within each class, as float64 [n] in 0..1 exclusive: those up to a fraction are that share."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    ranks = np.empty(len(labels))
    ranks[order] = (np.arange(len(labels)) - np.repeat(starts, counts) + 0.5) / np.repeat(counts, counts)
    return ranks


def _draw(errors: Floats, groups: NDArray[np.integer], rng: np.random.Generator) -> Floats:
    """Mean errors as other photos of the same kind would give them, float64 [draws, S].

    The normal limit of the bootstrap over groups: its covariance, and no sum over thousands of resampled photos.
    """
    n = errors.shape[1]
    mean = errors.mean(axis=1)
    members = np.unique(groups, return_inverse=True)[1].reshape(-1)
    residuals = np.array([np.bincount(members, each) for each in errors - mean[:, None]])
    covariance = residuals @ residuals.T / n**2
    # Agresti & Coull 1998: two right and two wrong more keep the spread from vanishing with few errors.
    share = (n * mean[-1] + 2) / (n + 4)
    covariance += max(0.0, share * (1 - share) / (n + 4) - covariance[-1, -1])
    drawn = rng.multivariate_normal(mean, covariance, _DRAWS, check_valid="ignore")
    return np.asarray(np.clip(drawn, 0, 1), np.float64)
