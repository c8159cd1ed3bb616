"""How accuracy grows with photos, for the report of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.probes.learning_curve import Curve, learning_curve
from foveal.probes.refit import Refit
from foveal.probes.select import Selection


def curve_of(
    selection: Selection, labels: NDArray[np.int32], probs: NDArray[np.float32], groups: NDArray[np.int64]
) -> dict[str, Any] | None:
    """Accuracy with a part of the photos and with more of them, JSON-able.

    Args:
        selection: What won the cross-validation.
        labels: int32 [n].
        probs: float32 [n, C], out of fold.
        groups: int64 [n], photos that belong together share a number.

    Returns:
        `measured` and `ahead`, each with lists `sizes`, `accuracy`, `low`, `high`; None where there are too few photos,
        or where the winner is not the logistic probe, which is the one that can be learnt again fast.
    """
    if selection.probe != "logistic":
        return None
    refit = Refit.of(selection.problem, selection.strength)
    whole = refit.learn(np.arange(len(labels)))
    found = learning_curve(refit, whole, probs.argmax(axis=1) == labels, groups)
    return None if found is None else {"measured": _plain(found.measured), "ahead": _plain(found.ahead)}


def _plain(curve: Curve) -> dict[str, list[float]]:
    return {name: getattr(curve, name).tolist() for name in ("sizes", "accuracy", "low", "high")}
