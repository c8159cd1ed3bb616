"""From out-of-fold logits to probabilities that mean what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.metrics.calibration import expected_calibration_error, fit_temperature, softmax
from foveal.metrics.classification import log_losses, macro_f1
from foveal.probes.vector_scaling import fit_vector
from foveal.probes.workers import one_blas_thread

Method = Literal["none", "temperature", "vector"]

# Rare classes get help where it gains this much macro-F1; below it, it only trades probabilities for nothing.
_WORTHWHILE = 0.01
# Vector scaling learns two numbers a class: with fewer photos there is nothing to learn them from.
_PHOTOS_A_CLASS = 20
# And it takes time in proportion to photos · classes²; this is about half a second.
_AFFORDABLE = 50_000_000


@dataclass(frozen=True)
class CalibrationTrial:
    """A way to calibrate that was tried, judged on photos that it had not seen.

    Args:
        method: "none", "temperature" or "vector".
        log_loss: Mean over photos, in nats.
        ece: Expected calibration error, 15 bins of equal width.
    """

    method: Method
    log_loss: float
    ece: float


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities: softmax((logits * scale + shift) / temperature).

    Args:
        method: What was chosen: "none" (temperature 1), "temperature" or "vector".
        scale: float32 [C], multiplies the logits; 1 except with "vector".
        shift: float32 [C], added to them: −τ·log(class share) where rare classes are helped, what was learnt with
            "vector", else 0.
        temperature: Divides them.
        tau: Strength of the help, 0 (none) to 1 (every class as if equally frequent).
        out_of_fold: Probabilities float32 [n, C], each row calibrated on the other folds only.
        trials: What was tried, simplest first.
    """

    method: Method
    scale: Array
    shift: Array
    temperature: float
    tau: float
    out_of_fold: Array
    trials: tuple[CalibrationTrial, ...]

    def record(self) -> dict[str, Any]:
        """What was chosen and tried, as plain values: `method`, `temperature`, `tau`, `trials`."""
        return {
            "method": self.method,
            "temperature": self.temperature,
            "tau": self.tau,
            "trials": [asdict(trial) for trial in self.trials],
        }


def calibrate(
    logits: Array, labels: NDArray[np.int32], folds: NDArray[np.int8], *, balance: str = "auto"
) -> Calibration:
    """Choose among no calibration, temperature and vector scaling, and help rare classes where it pays.

    The choice is by log loss out of fold. Temperature scaling, one number, is taken where it is lower; vector scaling,
    two numbers a class, where it is lower still by more than a standard error of the difference (the one-standard-error
    rule, Breiman et al. 1984). It is tried with 20 photos a class or more, up to photos · classes² of 5·10⁷, and
    not where rare classes are helped: it would learn to undo the help (logit adjustment, Menon et al. 2021).

    Args:
        logits: float32 [n, C], out of fold.
        labels: int [n].
        folds: int8 [n].
        balance: "auto": help rare classes where it gains at least a point of macro-F1; "none": never.
    """
    n, classes = logits.shape
    counts = np.bincount(labels, minlength=classes)
    priors = np.log(np.maximum(counts, 1) / counts.sum()).astype(np.float32)
    tau = _choose_tau(logits, labels, priors) if balance == "auto" else 0.0
    help_shift = (-tau * (priors - priors.mean())).astype(np.float32)
    adjusted = logits + help_shift
    smoothing = 1 / (n + 2)
    fits: dict[Method, _Fit] = {"none": _leave, "temperature": partial(_by_temperature, smoothing=smoothing)}
    if tau == 0 and n >= _PHOTOS_A_CLASS * classes and n * classes**2 <= _AFFORDABLE:
        fits["vector"] = partial(_by_vector, smoothing=smoothing)
    with one_blas_thread():
        probs = {method: _out_of_fold(fit, adjusted, labels, folds) for method, fit in fits.items()}
        losses = {method: log_losses(labels, each) for method, each in probs.items()}
        method = _choose(losses)
        chosen = fits[method](adjusted, labels)
    return Calibration(
        method=method,
        scale=chosen.scale,
        shift=chosen.scale * help_shift + chosen.shift,
        temperature=chosen.temperature,
        tau=tau,
        out_of_fold=probs[method],
        trials=tuple(
            CalibrationTrial(name, float(losses[name].mean()), expected_calibration_error(labels, probs[name]))
            for name in fits
        ),
    )


@dataclass(frozen=True)
class _Map:
    scale: Array
    shift: Array
    temperature: float

    def probs(self, logits: Array) -> Array:
        return softmax(logits * self.scale + self.shift, self.temperature)


_Fit = Callable[[Array, NDArray[np.int32]], _Map]


def _leave(logits: Array, labels: NDArray[np.int32]) -> _Map:
    classes = logits.shape[1]
    return _Map(np.ones(classes, np.float32), np.zeros(classes, np.float32), 1.0)


def _by_temperature(logits: Array, labels: NDArray[np.int32], *, smoothing: float) -> _Map:
    return replace(_leave(logits, labels), temperature=fit_temperature(logits, labels, smoothing=smoothing))


def _by_vector(logits: Array, labels: NDArray[np.int32], *, smoothing: float) -> _Map:
    temperature = fit_temperature(logits, labels, smoothing=smoothing)
    factors, shifts = fit_vector(logits / np.float32(temperature), labels, smoothing=smoothing)
    return _Map(factors, shifts * np.float32(temperature), temperature)


def _out_of_fold(fit: _Fit, logits: Array, labels: NDArray[np.int32], folds: NDArray[np.int8]) -> Array:
    probs = np.empty_like(logits)
    for fold in np.unique(folds):
        held = folds == fold
        probs[held] = fit(logits[~held], labels[~held]).probs(logits[held])
    return probs


def _choose(losses: dict[Method, NDArray[np.float64]]) -> Method:
    best: Method = "temperature" if losses["temperature"].mean() < losses["none"].mean() else "none"
    if "vector" in losses:
        gain = losses[best] - losses["vector"]
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best = "vector"
    return best


def _choose_tau(logits: Array, labels: NDArray[np.int32], priors: Array) -> float:
    scores = {tau: macro_f1(labels, (logits - tau * priors).argmax(axis=1)) for tau in (0.0, 0.5, 1.0)}
    best = max(scores, key=lambda tau: scores[tau])
    return best if scores[best] >= scores[0.0] + _WORTHWHILE else 0.0
