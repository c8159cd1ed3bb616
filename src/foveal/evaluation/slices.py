"""How good on the photos of each camera, site or month; whether a gap is more than chance; and where too few say so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.intervals import wilson
from foveal.types.slice_figures import SliceFigures, Verdict

FEWEST = 20
"""Photos below which nothing is said of a slice: the interval alone is wider than any gap that matters."""

SIGNIFICANT = 0.05
NOT_SAID = "not said"
"""The value of photos that a column says nothing of."""


def slice_figures(
    labels: NDArray[np.int32], predicted: NDArray[np.intp], columns: Mapping[str, Sequence[str]]
) -> list[SliceFigures]:
    """Measure every slice, columns in the order given, the largest slice of each first.

    Every slice with enough photos is tested against all other photos, and the tests of all columns are corrected
    together (Holm, 1979), so that of many slices one does not look bad by chance.

    Args:
        labels: int32 [n], true classes.
        predicted: int [n], predicted ones.
        columns: By name, n values each; an empty one counts as `NOT_SAID`.
    """
    right = predicted == labels
    expected = _expected(labels, right)
    found: list[SliceFigures] = []
    for column, given in columns.items():
        values, member = np.unique(np.array([each or NOT_SAID for each in given], np.str_), return_inverse=True)
        sizes = np.bincount(member, minlength=len(values))
        for at in np.argsort(-sizes, kind="stable").tolist():
            inside = member == at
            found.append(_slice(column, str(values[at]), inside, right, expected, tested=len(values) > 1))
    return _corrected(found)


def fisher_exact(hits: int, photos: int, other_hits: int, others: int) -> float:
    """Two-sided p of Fisher's exact test that two shares are the same.

    The sum of the probabilities of all tables with the same margins that are no more probable than the one seen.

    Args:
        hits: Of `photos`.
        photos: At least 1.
        other_hits: Of `others`.
        others: At least 1.
    """
    total, right = photos + others, hits + other_hits
    counts = np.arange(max(0, right - others), min(right, photos) + 1)
    logs = np.array([_log_choose(photos, k) + _log_choose(others, right - k) for k in counts.tolist()])
    logs -= _log_choose(total, right)
    seen = logs[hits - counts[0]]
    # Tables as probable as the one seen must count whatever the rounding.
    return min(1.0, float(np.exp(logs[logs <= seen + 1e-7]).sum()))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _expected(labels: NDArray[np.int32], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """float64 [n]: the recall of each photo's class."""
    photos = np.bincount(labels)
    recall = np.bincount(labels, right) / np.maximum(photos, 1)
    return np.asarray(recall[labels])


def _slice(
    column: str,
    value: str,
    inside: NDArray[np.bool_],
    right: NDArray[np.bool_],
    expected: NDArray[np.float64],
    *,
    tested: bool,
) -> SliceFigures:
    photos, others = int(inside.sum()), int((~inside).sum())
    hits, other_hits = int(right[inside].sum()), int(right[~inside].sum())
    elsewhere = other_hits / others if others else None
    enough = tested and photos >= FEWEST and others >= FEWEST
    return {
        "column": column,
        "value": value,
        "photos": photos,
        "accuracy": hits / photos,
        "interval": wilson(hits, photos).to_dict(),
        "others": elsewhere,
        "gap": None if elsewhere is None else hits / photos - elsewhere,
        "expected": float(expected[inside].mean()),
        "p": fisher_exact(hits, photos, other_hits, others) if enough else None,
        "p_adjusted": None,
        "verdict": "too few" if photos < FEWEST else "no difference shown" if enough else "not tested",
    }


def _corrected(slices: list[SliceFigures]) -> list[SliceFigures]:
    """With Holm's correction, and the verdict that follows from it."""
    tested = sorted((each for each in slices if each["p"] is not None), key=lambda each: each["p"] or 0.0)
    worst = 0.0
    for rank, each in enumerate(tested):
        worst = max(worst, min(1.0, (each["p"] or 0.0) * (len(tested) - rank)))
        each["p_adjusted"] = worst
        if worst < SIGNIFICANT:
            each["verdict"] = _direction(each["gap"] or 0.0)
    return slices


def _direction(gap: float) -> Verdict:
    return "worse" if gap < 0 else "better"
