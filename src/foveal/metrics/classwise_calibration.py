"""Calibration beyond the predicted class: every class's own probability, the worst bin, and what chance alone shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.calibration import Scheme, reliability_table
from foveal.metrics.inputs import labelled_scores
from foveal.types.checked import bad_value
from foveal.types.evaluation import Expected

_DRAWS = (200, 1000)
_NUMBERS = 40_000_000  # drawn in all, about 0.3 s
_BLOCK = 1_000_000


def classwise_calibration_error(labels: Any, probs: Any, *, bins: int = 15) -> float:
    """Expected calibration error of each class's probability, mean over the classes that have photos, 0..1.

    Every class is one yes-or-no question asked about all photos (Kull et al. 2019, equation 4); bins of equal width.

    Args:
        labels: int [n].
        probs: float [n, C], rows sum to 1.
        bins: How many, at least 1.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or bins below 1.
    """
    true, scores = labelled_scores("classwise_calibration_error", labels, probs)
    if bins < 1:
        raise bad_value("classwise_calibration_error", "1 or more bins", bins)
    edges = np.linspace(0.0, 1.0, bins + 1)
    errors = []
    for c in np.unique(true):
        column = scores[:, c].astype(np.float64)
        where = np.clip(np.searchsorted(edges, column, side="left") - 1, 0, bins - 1)
        gaps = np.bincount(where, column, bins) - np.bincount(where[true == c], minlength=bins)
        errors.append(float(np.abs(gaps).sum()) / len(true))
    return float(np.mean(errors))


def maximum_calibration_error(labels: Any, probs: Any, *, bins: int = 15, scheme: Scheme = "equal-mass") -> float:
    """Largest distance between confidence and accuracy over bins of confidence, 0..1 (Naeini et al. 2015).

    Bins of as many photos each, as in the paper: in bins of equal width a single photo can make it anything.

    Args:
        labels: int [n].
        probs: float [n, C], rows sum to 1.
        bins: How many, at least 1.
        scheme: As in `reliability_table`.

    Raises:
        FovealError: `bad-value`: the arrays do not fit together, or bins below 1.
    """
    table = reliability_table(labels, probs, bins=bins, scheme=scheme)
    return float(np.abs(table.confidence - table.accuracy).max())


def expected_by_chance(probs: Any, *, bins: int = 15, scheme: Scheme = "equal-width", seed: int = 0) -> Expected:
    """The calibration error that perfectly calibrated probabilities of these confidences show on this many photos.

    The error averages absolute distances, so that chance alone makes it larger than 0 (Bröcker & Smith 2007 draw the
    same bars for a reliability diagram; Vaicenavicius et al. 2019 make a test of it). Each photo is drawn right with
    the probability that its confidence says, again and again.

    Args:
        probs: float [n, C], rows sum to 1.
        bins: How many, at least 1.
        scheme: As in `reliability_table`.
        seed: Same seed, same answer.

    Returns:
        The mean, and the range `low`..`high` of 95 in 100 draws.

    Raises:
        FovealError: `bad-value`: not probabilities [n, C], or bins below 1.
    """
    scores = np.asarray(probs)
    nobody = np.zeros(len(scores), np.int64)
    table = reliability_table(nobody, scores, bins=bins, scheme=scheme)
    confidence = np.sort(scores.max(axis=1)).astype(np.float64)
    # Sorted confidences stand bin by bin, so that each bin is one stretch of them.
    starts = np.concatenate(([0], np.cumsum(table.photos)[:-1]))
    expected = np.add.reduceat(confidence, starts)
    draws = int(np.clip(_NUMBERS // len(confidence), *_DRAWS))
    rng = np.random.default_rng(seed)
    errors = [_drawn_error(rng, confidence, starts, expected, rows) for rows in _runs(draws, len(confidence))]
    drawn = np.concatenate(errors)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"mean": float(drawn.mean()), "low": float(low), "high": float(high)}


def _drawn_error(
    rng: np.random.Generator,
    confidence: NDArray[np.float64],
    starts: NDArray[np.int64],
    expected: NDArray[np.float64],
    draws: int,
) -> NDArray[np.float64]:
    right = rng.random((draws, len(confidence)), np.float32) < confidence.astype(np.float32)
    found = np.add.reduceat(right, starts, axis=1, dtype=np.int32)
    return np.asarray(np.abs(found - expected).sum(axis=1) / len(confidence))


def _runs(draws: int, width: int) -> list[int]:
    step = max(1, _BLOCK // width)
    return [step] * (draws // step) + ([draws % step] if draws % step else [])
