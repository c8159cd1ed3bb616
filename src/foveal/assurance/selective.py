"""The confidence from which on a photo is answered, learnt as a promise from out-of-fold predictions.

Thresholds are tried from the strictest to the loosest, and each step is an exact binomial test of "more than
`max_error` of the answers are wrong"; the first test that does not reject ends the walk (fixed-sequence testing:
Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then test", 2021; the promise is that of Geifman and El-Yaniv,
"Selective classification for deep neural networks", NeurIPS 2017). Five walks start at different thresholds and share
the risk, so that few sure photos, or one wrong label among the surest, do not end everything at its beginning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import labelled_scores
from foveal.trust.abstention import Abstention
from foveal.types.checked import integers

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

# How sure each promise is. 0.95 instead answers one photo in fifty less on photos of clothes.
CONFIDENCE = 0.9
# fmt: off
MAX_ERRORS = (
    0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.0175, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045,
    0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
)
# fmt: on
# Thresholds tried: those that answer 1 %, 2 %, … of the photos.
_STEPS = 100
# Shares answered at which a walk starts.
_STARTS = (0.1, 0.3, 0.5, 0.7, 0.9)


def learn_abstention(
    probs: NDArray[np.floating[Any]], labels: NDArray[np.int32], folds: NDArray[np.int8]
) -> Abstention:
    """Learn a threshold for each error of a table from 0.001 to 0.5.

    Args:
        probs: [n, C], out of fold and calibrated.
        labels: int32 [n].
        folds: int8 [n]; every photo's probabilities come from a model and a calibration that did not see its fold, so
            that all of them can be pooled.

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    true, scores = labelled_scores("learn_abstention", labels, probs)
    integers("learn_abstention", "folds", folds, length=len(true))
    confidence = scores.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum((scores.argmax(axis=1) != true)[order])
    steps = np.unique(np.ceil(np.arange(1, _STEPS + 1) / _STEPS * len(true) - 1e-9).astype(np.int64))
    # Photos of the same confidence are answered together.
    answered = np.searchsorted(-confidence[order], -confidence[order][steps - 1], side="right")
    chances = binomial_tail(wrong[answered - 1][:, None], answered[:, None], np.array(MAX_ERRORS)[None, :])
    last = _walk(chances <= (1 - CONFIDENCE) / len(_STARTS), steps, len(true))
    found = last >= 0
    shares = np.where(found, answered[last] / len(true), 0.0)
    thresholds = np.where(found, np.where(shares == 1, 0.0, confidence[order][answered[last] - 1]), math.inf)
    return Abstention(CONFIDENCE, np.array(MAX_ERRORS), thresholds, shares)


def binomial_tail(successes: Counts, n: Counts, share: Floats) -> Floats:
    """P(X ≤ successes) for X binomial with n trials, exact where it is small; 1 where successes ≥ n·share.

    The arrays are broadcast against each other.

    Args:
        successes: int, at least 0.
        n: int, trials, at least the successes.
        share: float64, above 0 and below 1.
    """
    k, m, r = (np.asarray(each, np.float64) for each in np.broadcast_arrays(successes, n, share))
    choices = np.array([math.lgamma(a + 1) - math.lgamma(b + 1) - math.lgamma(a - b + 1) for a, b in _pairs(m, k)])
    small = k < m * r
    term = np.where(small, np.exp(choices.reshape(k.shape) + k * np.log(r) + (m - k) * np.log1p(-r)), 0.0)
    total, left = term.copy(), k.copy()
    # Below the mean each term is smaller than the one before it, so that the sum can stop.
    while (term > total * 1e-16).any():
        term = term * left * (1 - r) / ((m - left + 1) * r)
        left = np.maximum(left - 1, 0)
        total += term
    return np.where(small, total, 1.0)


def _pairs(m: Floats, k: Floats) -> list[tuple[float, float]]:
    return list(zip(m.ravel().tolist(), k.ravel().tolist(), strict=True))


def _walk(passed: NDArray[np.bool_], steps: Counts, photos: int) -> Counts:
    """The loosest step that any walk reaches, int64 [errors]; -1 for none. `passed` is bool [steps, errors]."""
    last = np.full(passed.shape[1], -1)
    for share in _STARTS:
        start = int(np.searchsorted(steps, math.ceil(share * photos - 1e-9)))
        length = np.cumprod(passed[start:], axis=0).sum(axis=0)
        last = np.where(length > 0, np.maximum(last, start + length - 1), last)
    # What is promised of a small error is promised of a larger one, whatever the last bit of a tail says.
    return np.maximum.accumulate(last).astype(np.int64)
