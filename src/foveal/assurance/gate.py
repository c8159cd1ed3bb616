"""Learning the gate for the unknown from the training photos alone; no photos of anything else are needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.gate_axes import Axes, all_axes, seen_from
from foveal.assurance.gate_held_out import held_out, learnt_from
from foveal.assurance.gate_threshold import share_of, threshold_of
from foveal.heads.linear import Array
from foveal.metrics.inputs import blocks
from foveal.trust.gate import UnknownGate, energy
from foveal.trust.gate_distance import Distance

# More axes tell shuffled photos of the same thing apart less well, and everything else no better.
_MOST_AXES = 64
_PHOTOS_AN_AXIS = 3
_FEWEST_PHOTOS = 20
# With more, photos held out lie hardly farther than new ones do.
_FEW_PHOTOS = 1000
# Part of the covariance that is replaced by the same variance in all directions.
_SHRINKAGE = 0.1
# Means are pulled towards the middle as if this many more photos lay there.
_PULL = 3
_ENERGY_WEIGHT = 0.5
# With so many photos the head's logits count half as much as with any number.
_ENERGY_PHOTOS = 100
_QUANTILES = 201


@dataclass(frozen=True)
class LearntGate:
    """A gate, or the reason why there is none.

    Args:
        gate: None where it could not be learnt sensibly.
        scores: float32 [n], of every photo from axes, means and covariance that did not see its fold; empty without a
            gate. Only the medians and spreads that bring distance and energy to one scale come from all photos.
        reason: Why there is no gate; "" where there is one.
    """

    gate: UnknownGate | None
    scores: Array
    reason: str = ""


def learn_gate(
    features: NDArray[np.floating], labels: NDArray[np.int32], logits: Array, folds: NDArray[np.int8]
) -> LearntGate:
    """Learn what photos like these look like, and from which score on a photo is unlike them.

    Args:
        features: [n, D], as the head gets them.
        labels: int32 [n], 0 … C − 1.
        logits: float32 [n, C], out of fold.
        folds: int8 [n], the fold that each photo was held out in, 0 … K − 1.
    """
    sizes = np.bincount(folds) if len(folds) else np.zeros(1, np.int64)
    n = len(labels)
    if n < _FEWEST_PHOTOS:
        return _none(f"{n} photos are too few to say what is unlike them; it takes {_FEWEST_PHOTOS}")
    if n - int(sizes.max()) < n // 2:
        return _none("more than half of the photos stand in one fold, so that hardly any is left to learn from")
    if not (np.isfinite(features).all() and np.isfinite(logits).all()):
        return _none("some features or logits are not finite")
    measured = _measured(features, labels, learnt_from(folds, twice=n <= _FEW_PHOTOS))
    if measured is None:
        return _none("the photos hardly differ from each other")
    gate, distances = measured
    return _with_threshold(gate, held_out(distances, folds), logits)


def _none(reason: str) -> LearntGate:
    return LearntGate(None, np.empty(0, np.float32), reason)


def _measured(
    features: NDArray[np.floating], labels: NDArray[np.int32], learns: NDArray[np.bool_]
) -> tuple[Distance, Array] | None:
    """The distance learnt from all photos, and by each choice that of the photos it did not see, float32 [S, n].

    Args:
        features: [n, D].
        labels: int32 [n].
        learns: bool [S, n], what each is learnt from; all photos in the first.
    """
    count = min(_MOST_AXES, int(learns.sum(axis=1).min()) // _PHOTOS_AN_AXIS, features.shape[1])
    axes = all_axes(features, labels, learns, max(1, count))
    coordinates, squares = seen_from(features, axes)
    distances = np.zeros(squares.shape, np.float32)
    learnt = []
    for each, own in enumerate(axes):
        distance = _distance(own, coordinates[each], squares[each], labels, learns[each])
        if distance is None:
            return None
        held = np.flatnonzero(~learns[each])
        for block in blocks(len(held), len(distance.means)):
            rows = held[block]
            distances[each, rows] = distance.from_axes(coordinates[each, rows], squares[each, rows])
        learnt.append(distance)
    return learnt[0], distances


def _distance(
    axes: Axes, coordinates: Array, squares: Array, labels: NDArray[np.int32], learns: NDArray[np.bool_]
) -> Distance | None:
    """Means and covariance of some photos on their axes; None where they do not vary."""
    own, lengths, label = coordinates[learns].astype(np.float64), squares[learns], labels[learns]
    present, at, sizes = np.unique(label, return_inverse=True, return_counts=True)
    sums = np.zeros((len(present), own.shape[1]))
    np.add.at(sums, at, own)
    means = sums / (sizes[:, None] + _PULL)
    within = own - means[at]
    n, count = own.shape
    covariance = within.T @ within / max(n - len(present), n / 4)
    variance = float(np.trace(covariance)) / count
    tail = float(np.maximum(lengths - np.einsum("nr,nr->n", own, own), 0).mean())
    if variance < 1e-9:
        return None
    whitening = np.linalg.cholesky(np.linalg.inv(covariance + _SHRINKAGE * variance * np.eye(count)))
    arrays = (whitening, means @ whitening, np.array(max(tail, 1e-3 * variance)))
    return Distance(axes.centre, axes.basis, *(array.astype(np.float32) for array in arrays))


def _with_threshold(distance: Distance, distances: Array, logits: Array) -> LearntGate:
    n = len(distances)
    usual = np.array([*_middle_and_spread(distances), *_middle_and_spread(energy(logits))], np.float32)
    weight = np.array(_ENERGY_WEIGHT * n / (n + _ENERGY_PHOTOS), np.float32)
    steps = np.linspace(0, 1, _QUANTILES)
    open_gate = UnknownGate(distance, usual, weight, 0.0, np.array([0, 1], np.float32), n)
    scores = open_gate.parts(distances, logits)
    quantiles = np.quantile(scores, steps).astype(np.float32)
    return LearntGate(UnknownGate(distance, usual, weight, threshold_of(scores, share_of(n)), quantiles, n), scores)


def _middle_and_spread(values: Array) -> tuple[float, float]:
    """Median, and standard deviation without the farthest 2 %, which may be anything."""
    usual = values[values <= np.quantile(values, 0.98)]
    return float(np.median(values)), max(float(usual.std()), 1e-6)
