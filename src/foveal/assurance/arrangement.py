"""Learning to tell photos from the same photos cut into tiles and shuffled, for which some are cut up on purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.gate_threshold import threshold_of
from foveal.heads.linear import Array, compress
from foveal.trust.arrangement import ArrangementGate

FALSE_ALARMS = 0.005
"""Share of photos like those learnt from that may be turned away; it is out of fold that it is kept."""

TILES = (3, 4)
"""Into how many tiles along each side the photos are cut. Those cut into 7, 8 or 14 are told apart by them too."""

MOST_CUT = 60
"""Photos that are cut up: on clothes 50 told 99 % of other photos in 3 × 3 tiles apart, 150 no more."""

_FEWEST = 100
# Whole photos that are learnt from, spread over all: with 600 or 3,000 of clothes the same torn ones are told apart.
_WHOLE = 800
_PENALTY = 5.0


@dataclass(frozen=True)
class LearntArrangement:
    """What was learnt, and the scores of the photos learnt from.

    Args:
        gate: The rule.
        scores: float32 [n], of every photo by a rule that had not seen its fold.
    """

    gate: ArrangementGate
    scores: Array


def learn_arrangement(
    features: NDArray[np.floating], torn: NDArray[np.floating], folds: NDArray[np.int8]
) -> LearntArrangement | None:
    """Learn a ridge discriminant of whole photos against torn ones, both sides weighing the same.

    Args:
        features: [n, D], whole photos.
        torn: [t, D], some of them cut into tiles and shuffled.
        folds: int8 [n], the fold that each photo was held out in.

    Returns:
        None with fewer than 100 photos, of which the far end of the scores is not known, and for features that are not
        finite.
    """
    if len(features) < _FEWEST or not len(torn) or not (np.isfinite(features).all() and np.isfinite(torn).all()):
        return None
    rows = np.arange(0, len(features), -(-len(features) // _WHOLE))
    whole, cut = compress(features[rows]), compress(torn)
    centre, deviation = whole.mean(axis=0), whole.std(axis=0)
    if not deviation.any():
        return None
    inverse = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-6), 0).astype(np.float32)
    whole, cut = (whole - centre) * inverse, (cut - centre) * inverse

    def rule(learns: NDArray[np.bool_], threshold: float = 0.0) -> ArrangementGate:
        weights, bias = _discriminant(whole[learns], cut)
        served = (weights * inverse).astype(np.float32)
        shift = np.array(bias - float(served @ centre), np.float32)
        return ArrangementGate(served, shift, np.array(threshold, np.float32))

    scores = np.empty(len(features), np.float32)
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        scores[held] = rule(folds[rows] != fold).scores(features[held])
    return LearntArrangement(rule(np.ones(len(rows), np.bool_), threshold_of(scores, FALSE_ALARMS)), scores)


def _discriminant(whole: Array, cut: Array) -> tuple[Array, float]:
    """Weights [D] and bias of the ridge regression of −1 (whole) and 1 (torn), solved in the space of photos."""
    share = np.concatenate([np.full(len(whole), 0.5 / len(whole)), np.full(len(cut), 0.5 / len(cut))])
    rows = np.concatenate([whole, cut])
    target = np.concatenate([np.full(len(whole), -1.0), np.full(len(cut), 1.0)])
    mean = (share @ rows).astype(np.float32)
    root = np.sqrt(share)
    rows = (rows - mean) * root[:, None].astype(np.float32)
    gram = (rows @ rows.T).astype(np.float64)
    # Where all photos are alike there is nothing to tell apart, and without a floor nothing to solve.
    penalty = _PENALTY * max(np.trace(gram) / len(gram), 1e-9)
    solved = np.linalg.solve(gram + penalty * np.eye(len(gram)), root * target)
    weights = (rows.T @ solved).astype(np.float32)
    return weights, -float(weights @ mean)
