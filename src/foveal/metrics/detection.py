"""How well a score tells the unknown from the known: the unknown is what is to be found, so higher means unknown.

Every function takes two arrays: `known`, float [n], scores of photos of what was learnt, and `unknown`, float [m],
scores of photos of anything else. Infinite scores are allowed, NaN is not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.ranking import rank
from foveal.types.checked import bad_value

Scores = NDArray[np.float64]


class DetectionCurve(NamedTuple):
    """What every possible threshold would give, the highest threshold first; each float64 [t].

    Args:
        thresholds: Scores from which on a photo counts as unknown; the first is infinite: nothing does.
        false_alarms: Share of the known that counts as unknown.
        found: Share of the unknown that does.
    """

    thresholds: Scores
    false_alarms: Scores
    found: Scores


def auroc(known: Any, unknown: Any) -> float:
    """Chance that an unknown photo scores higher than a known one, ties half, 0..1.

    Args:
        known: float [n].
        unknown: float [m].

    Raises:
        FovealError: `bad-value`: not two lists of numbers.
    """
    usual, strange = _checked("auroc", known, unknown)
    return rank(strange, usual).roc_auc()


def aupr(known: Any, unknown: Any) -> float:
    """Average precision of the unknown among all photos, 0..1; it depends on how many there are of each.

    Args:
        known: float [n].
        unknown: float [m].

    Raises:
        FovealError: `bad-value`: not two lists of numbers.
    """
    usual, strange = _checked("aupr", known, unknown)
    return rank(strange, usual).average_precision()


def fpr_at_tpr95(known: Any, unknown: Any, *, found: float = 0.95) -> float:
    """Share of the known that a threshold turns away which finds 95 % of the unknown, 0..1; lower is better.

    Args:
        known: float [n].
        unknown: float [m].
        found: Share of the unknown to be found at least, above 0 and at most 1.

    Raises:
        FovealError: `bad-value`: not two lists of numbers, or another share.
    """
    if not 0 < found <= 1:
        raise bad_value("fpr_at_tpr95", "found above 0 and at most 1", found)
    curve = detection_curve(known, unknown)
    return float(curve.false_alarms[np.argmax(curve.found >= found)])


def detection_curve(known: Any, unknown: Any) -> DetectionCurve:
    """Shares found and falsely alarmed at every threshold that makes a difference.

    Args:
        known: float [n].
        unknown: float [m].

    Raises:
        FovealError: `bad-value`: not two lists of numbers.
    """
    usual, strange = _checked("detection_curve", known, unknown)
    levels = np.unique(np.concatenate([usual, strange]))[::-1]
    shares = [
        np.concatenate([[0.0], (len(scores) - np.searchsorted(np.sort(scores), levels)) / len(scores)])
        for scores in (usual, strange)
    ]
    return DetectionCurve(np.concatenate([[np.inf], levels]), *shares)


def _checked(owner: str, known: Any, unknown: Any) -> tuple[Scores, Scores]:
    """Both as float64 in one dimension, at least one number each."""
    both = []
    for name, given in (("known", known), ("unknown", unknown)):
        scores = np.asarray(given)
        if scores.ndim != 1 or len(scores) == 0 or scores.dtype.kind not in "fiu":
            raise bad_value(owner, f"one or more numbers as {name}", f"{scores.dtype} {list(scores.shape)}")
        if np.isnan(scores).any():
            raise bad_value(owner, f"numbers as {name}", "NaN")
        both.append(scores.astype(np.float64))
    return both[0], both[1]
