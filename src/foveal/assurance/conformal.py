"""Prediction sets learnt from out-of-fold probabilities: the rule chosen by cross-validation, thresholds from all.

Cross-conformal prediction (Vovk, "Cross-conformal predictors", 2015): every photo is scored by a model that did not
learn from it, and all scores are pooled. The served model has learnt from all folds, so it is a little better than
those that gave the scores; that errs on the side of coverage. The theorem for pooled folds is weaker than for a
hold-out set (1 − 2·(1 − coverage), Barber et al., "Predictive inference with the jackknife+", 2021); measured coverage
is what was asked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.inputs import blocks, labelled_scores
from foveal.trust.set_scores import Places, SetRule, label_places, ordered
from foveal.trust.sets import LOWEST, PredictionSets, Trial
from foveal.types.checked import integers

Floats = NDArray[np.float64]

# Coverage at which the rules are compared.
_COMPARED_AT = 0.95
# Tried in this order; of equals the first wins. Penalties and free ranks span those of Angelopoulos et al., 2021.
_RULES = (SetRule("lac"), SetRule("aps"), SetRule("raps", 0.01, 5), SetRule("raps", 0.05, 2))
# Sizes are averaged over a sample of photos that holds about this many probabilities.
_ENOUGH_PROBS = 2_000_000
# A class speaks for itself from this many photos on.
_ENOUGH_PHOTOS = 20
# Scores that are kept: all of so few, else as many evenly spaced ones, and as many of the largest.
_KEPT = 2048


def learn_sets(probs: NDArray[np.floating[Any]], labels: NDArray[np.int32], folds: NDArray[np.int8]) -> PredictionSets:
    """Choose a rule and learn its thresholds.

    The rule is the one of the smallest mean size × (1 + what the worst class lacks of 0.95), when each fold is answered
    by thresholds of the others, among those that cover 0.95 as far as the number of photos can tell.

    Args:
        probs: [n, C], out of fold and calibrated.
        labels: int32 [n].
        folds: int8 [n]; photos that belong together share one.

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    true, scores = labelled_scores("learn_sets", labels, probs)
    places = label_places(scores, true)
    trials = _compare(scores, true, integers("learn_sets", "folds", folds, length=len(true)), places)
    kept = _kept_ranks(len(true))
    rule = _best(trials, len(true))
    found = [np.sort(each.scores(places))[kept - 1] for each in (rule, SetRule("lac"))]
    return PredictionSets(rule, len(true), kept, found[0], found[1], tuple(trials.values()))


def _compare(
    probs: NDArray[Any], labels: NDArray[np.int64], folds: NDArray[Any], places: Places
) -> dict[SetRule, Trial]:
    """Coverage, mean size and worst class of each rule, every fold answered by thresholds of the others."""
    thresholds = {rule: _thresholds(rule.scores(places), folds) for rule in _RULES}
    sizes = _mean_sizes(probs, thresholds)
    photos = np.bincount(labels)
    trials = {}
    for rule in _RULES:
        covered = (rule.scores(places) <= thresholds[rule]) | (places.rank == 0)
        shares = np.bincount(labels, covered)[photos >= _ENOUGH_PHOTOS] / photos[photos >= _ENOUGH_PHOTOS]
        worst = float(shares.min(initial=1.0))
        trials[rule] = Trial(rule.title, float(covered.mean()), sizes[rule], worst)
    return trials


def _thresholds(scores: Floats, folds: NDArray[Any]) -> Floats:
    """For each photo the threshold that the other folds give, float64 [n]; infinity where they are too few."""
    found = np.full(len(scores), math.inf)
    for fold in np.unique(folds):
        others = np.sort(scores[folds != fold])
        rank = math.ceil((len(others) + 1) * _COMPARED_AT - 1e-9)
        if rank <= len(others):
            found[folds == fold] = others[rank - 1]
    return found


def _mean_sizes(probs: NDArray[Any], thresholds: dict[SetRule, Floats]) -> dict[SetRule, float]:
    """Mean number of classes in the sets of each rule, over evenly spaced photos."""
    sample = np.arange(0, len(probs), max(1, math.ceil(probs.size / _ENOUGH_PROBS)))
    totals = dict.fromkeys(thresholds, 0)
    for part in blocks(len(sample), probs.shape[1]):
        rows = sample[part]
        places = ordered(probs[rows])
        for rule, each in thresholds.items():
            inside = np.count_nonzero(rule.scores(places) <= each[rows, None], axis=1)
            totals[rule] += int(np.maximum(inside, 1).sum())
    return {rule: total / len(sample) for rule, total in totals.items()}


def _best(trials: dict[SetRule, Trial], photos: int) -> SetRule:
    slack = 2 * math.sqrt(_COMPARED_AT * (1 - _COMPARED_AT) / photos)
    valid = {rule: trial for rule, trial in trials.items() if trial.coverage >= _COMPARED_AT - slack}
    pool = valid or trials
    return min(pool, key=lambda rule: pool[rule].mean_size * (1 + max(0.0, _COMPARED_AT - pool[rule].worst_class)))


def _kept_ranks(photos: int) -> NDArray[np.int64]:
    """Which ranks, 1..n, are kept of the sorted scores: int64 [k], ascending, n among them."""
    first = max(1, math.floor((photos + 1) * LOWEST))
    even = np.linspace(first, photos, min(_KEPT, photos - first + 1)).round().astype(np.int64)
    last = np.arange(max(first, photos - _KEPT + 1), photos + 1)
    return np.union1d(even, last).astype(np.int64)
