"""From out-of-fold logits of yes-or-no questions to probabilities, and from these to decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.multilabel_calibration import fit_platt
from foveal.probes.thresholds import choose_thresholds

_EVEN = np.float32(0.5)


@dataclass(frozen=True)
class MultiLabelCalibration:
    """How logits become probabilities, sigmoid((logits + shift) / temperature), and probabilities decisions.

    Args:
        shift: float32 [C], added to the logits.
        temperature: Divides them.
        thresholds: float32 [C], from which probability on a photo is said to show a class.
        out_of_fold: Probabilities float32 [n, C], each row calibrated on the other folds only.
        decisions: bool [n, C], each row decided by thresholds chosen on the other folds only.
    """

    shift: Array
    temperature: float
    thresholds: Array
    out_of_fold: Array
    decisions: NDArray[np.bool_]


def calibrate_multilabel(
    logits: Array, targets: NDArray[np.bool_], folds: NDArray[np.int8], *, balance: str = "auto"
) -> MultiLabelCalibration:
    """Fit temperature and shifts (Platt, 1999), and choose thresholds; what is reported of a fold never saw its labels.

    Args:
        logits: float32 [n, C], out of fold.
        targets: bool [n, C].
        folds: int8 [n].
        balance: "auto": thresholds where the F1 of each class is highest; "none": 0.5 for every class.
    """
    probs, decisions = np.empty_like(logits), np.empty(logits.shape, np.bool_)
    for fold in np.unique(folds):
        held, others = folds == fold, folds != fold
        platt = fit_platt(logits[others], targets[others])
        probs[held] = platt.probs(logits[held])
        decisions[held] = probs[held] >= _thresholds(platt.probs(logits[others]), targets[others], balance)
    final = fit_platt(logits, targets)
    return MultiLabelCalibration(
        shift=final.shift.astype(np.float32),
        temperature=final.temperature,
        thresholds=_thresholds(final.probs(logits), targets, balance),
        out_of_fold=probs,
        decisions=decisions,
    )


def _thresholds(probs: Array, targets: NDArray[np.bool_], balance: str) -> Array:
    if balance == "none":
        return np.full(probs.shape[1], _EVEN)
    return choose_thresholds(probs, targets)
