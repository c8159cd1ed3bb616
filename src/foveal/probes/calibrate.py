"""From out-of-fold logits to probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.calibration import fit_temperature, softmax
from foveal.metrics.classification import macro_f1

# Rare classes get help where it gains this much macro-F1; below it, it only trades probabilities for nothing.
_WORTHWHILE = 0.01


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities: softmax((logits + shift) / temperature).

    Args:
        shift: float32 [C], added to the logits: −τ·log(class share) where rare classes are helped, else 0.
        temperature: Divides them.
        tau: Strength of the help, 0 (none) to 1 (every class as if equally frequent).
        out_of_fold: Probabilities float32 [n, C], each row calibrated on the other folds only.
    """

    shift: Array
    temperature: float
    tau: float
    out_of_fold: Array


def calibrate(
    logits: Array, labels: NDArray[np.int32], folds: NDArray[np.int8], *, balance: str = "auto"
) -> Calibration:
    """Fit temperature (Guo et al., 2017) and the help for rare classes (logit adjustment, Menon et al., 2021).

    Args:
        logits: float32 [n, C], out of fold.
        labels: int [n].
        folds: int8 [n].
        balance: "auto": help rare classes where it gains at least a point of macro-F1; "none": never.
    """
    counts = np.bincount(labels, minlength=logits.shape[1])
    priors = np.log(np.maximum(counts, 1) / counts.sum()).astype(np.float32)
    tau = _choose_tau(logits, labels, priors) if balance == "auto" else 0.0
    shift = (-tau * (priors - priors.mean())).astype(np.float32)
    adjusted = logits + shift
    smoothing = 1 / (len(labels) + 2)
    probs = np.empty_like(adjusted)
    for fold in np.unique(folds):
        held = folds == fold
        probs[held] = softmax(adjusted[held], fit_temperature(adjusted[~held], labels[~held], smoothing=smoothing))
    return Calibration(shift, fit_temperature(adjusted, labels, smoothing=smoothing), tau, probs)


def _choose_tau(logits: Array, labels: NDArray[np.int32], priors: Array) -> float:
    scores = {tau: macro_f1(labels, (logits - tau * priors).argmax(axis=1)) for tau in (0.0, 0.5, 1.0)}
    best = max(scores, key=lambda tau: scores[tau])
    return best if scores[best] >= scores[0.0] + _WORTHWHILE else 0.0
