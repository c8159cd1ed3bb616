"""Intervals of the figures that a confusion matrix gives: what else they could have been, had other photos come.

Each figure is a smooth function of the shares of the cells, so its variance under drawing other photos follows from its
derivatives (the delta method: Fleiss et al. 1969 for kappa, Takahashi et al. 2022 for macro F1). The figure is then as
well known as a share of so many photos, and gets the interval of that (`score_ends`). Where no photo or only a few are
wrong, the cells alone would say that nothing can go wrong; so each class counts as if it had had one photo more, right
as often as photos are on the whole. Simulated coverage: benchmarks/intervals.py.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.agreement import kappa_and_mcc
from foveal.metrics.intervals import score_ends
from foveal.types.checked import bad_value
from foveal.types.interval import Interval

# Photos a class. With none, 95 % intervals of a classifier that is 99 % right hold the truth in 40 to 80 cases of 100.
_IMAGINED = 1.0
_CELLS = np.newaxis


def confusion_intervals(confusion: NDArray[np.int64], *, confidence: float = 0.95) -> dict[str, Interval]:
    """Intervals of `balanced_accuracy`, `macro_f1`, `kappa` and `mcc`.

    Args:
        confusion: int64 [C, C]; row = true class, column = predicted class.
        confidence: Coverage aimed at, above 0 and below 1.

    Raises:
        FovealError: `bad-value`: not a square matrix of counts, no photos, or a confidence outside 0..1.
    """
    counts = np.asarray(confusion)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.sum() < 1 or counts.min() < 0:
        raise bad_value("confusion_intervals", "a square matrix of counts with photos", list(counts.shape))
    if not 0 < confidence < 1:
        raise bad_value("confusion_intervals", "a confidence above 0 and below 1", confidence)
    seen = (counts.sum(axis=0) > 0) | (counts.sum(axis=1) > 0)
    counts = counts[np.ix_(seen, seen)]
    method = f"delta method, score, {100 * confidence:g} %"
    total = int(counts.sum())
    shares = _with_imagined(counts)
    measured, believed = _figures(counts), _figures(shares)
    measured["macro_f1"] += _f1_bias(counts, shares)
    found = {}
    for name, slopes in _derivatives(shares, believed).items():
        mean = float(np.vdot(shares, slopes))
        variance = max(float(np.vdot(shares, slopes * slopes)) - mean * mean, 0.0) / total
        # Kappa and Matthews' correlation are -1..1; as shares of 0..1 they and their errors are half as large.
        wide = name in ("kappa", "mcc")
        value, near = ((1 + measured[name]) / 2, (1 + believed[name]) / 2) if wide else (measured[name], believed[name])
        spread = near * (1 - near)
        photos = spread / (variance / 4 if wide else variance) if variance > 0 and spread > 0 else float(total)
        low, high = score_ends(min(max(value, 0.0), 1.0), photos, confidence)
        found[name] = Interval(2 * low - 1, 2 * high - 1, method) if wide else Interval(low, high, method)
    return found


def _with_imagined(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shares of the cells, with the imagined photos."""
    classes, total = len(counts), counts.sum()
    right = (np.trace(counts) + 0.5) / (total + 1)
    imagined = np.full(counts.shape, (1 - right) / max(classes - 1, 1))
    np.fill_diagonal(imagined, right)
    shares = counts + _IMAGINED * imagined
    return np.asarray(shares / shares.sum())


def _figures(counts: NDArray[np.int64] | NDArray[np.float64]) -> dict[str, float]:
    hits, photos, predicted = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    kappa, mcc = kappa_and_mcc(hits.sum(), photos, predicted)
    there = photos > 0
    return {
        "balanced_accuracy": float((hits[there] / photos[there]).mean()),
        "macro_f1": float((2 * hits / (photos + predicted)).mean()),
        "kappa": float(kappa),
        "mcc": float(mcc),
    }


def _f1_bias(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    """By how much macro F1 comes out too low on average from few photos: F(1 - F) / (photos + predicted) of each class.

    It is the second-order term of the same expansion, half the second derivatives times the covariances of the cells.
    """
    f1 = 2 * np.diagonal(shares) / (shares.sum(axis=0) + shares.sum(axis=1))
    return float((f1 * (1 - f1) / (counts.sum(axis=0) + counts.sum(axis=1))).mean())


def _derivatives(shares: NDArray[np.float64], figures: dict[str, float]) -> dict[str, NDArray[np.float64]]:
    """Derivative [C, C] of each figure by the share of each cell; a constant on top of all makes no difference."""
    classes, hits = len(shares), np.diagonal(shares)
    true, predicted = shares.sum(axis=1), shares.sum(axis=0)
    diagonal = np.eye(classes)
    both = true + predicted
    f1 = 2 * hits / both
    chance = float(true @ predicted)
    by_chance = predicted[:, _CELLS] + true
    unlike_true, unlike_predicted = 1 - float(true @ true), 1 - float(predicted @ predicted)
    spread = math.sqrt(unlike_true * unlike_predicted)
    found = {
        "balanced_accuracy": (diagonal / true - (hits / true**2)[:, _CELLS]) / classes,
        "macro_f1": (2 * diagonal / both - (f1 / both)[:, _CELLS] - f1 / both) / classes,
    }
    if spread > 0 and chance < 1:
        wrong = 1 - float(hits.sum())
        found["kappa"] = (diagonal * (1 - chance) - by_chance * wrong) / (1 - chance) ** 2
        tilt = (true / unlike_true)[:, _CELLS] + predicted / unlike_predicted
        found["mcc"] = (diagonal - by_chance) / spread + figures["mcc"] * tilt
    return found
