"""Which training photos a model keeps as evidence, and the space in which they are compared.

Kept are those that stand for their class best: facility location, a greedy choice in which each next photo is the one
that brings all photos of the class nearest to a kept one (Nemhauser, Wolsey & Fisher 1978: at least 63 % of the best
possible sum). On photos of clothes, with 20 kept of each class, the nearest kept photo was 1.33 times as far as the
nearest of all 3,068; for photos drawn at random 1.55 times, and for farthest-first (k-centre), which keeps the
oddities, 1.71 times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.evidence_space import learn_space
from foveal.errors import FovealError
from foveal.trust.evidence import EvidenceIndex, compressed, projected, unit

KEPT = 2000
"""How many photos a model keeps at most: with 4 KB a picture, below 10 MB."""

# Photos of one class that are compared with each other; drawn evenly where there are more.
_COMPARED = 2000
_QUANTILES = 256

# How far the nearest kept one is, every tenth photo is asked at a time, in a space learnt from the others, until all
# were. Where there are many, one quarter, once, is enough: learning a space takes a second then.
_FOLDS = 10
_MANY = 1000
_FOLDS_OF_MANY = 4
_ASKED = 4000

_BLOCK = 4096


def learn_evidence(
    features: NDArray[np.floating],
    labels: NDArray[np.int32],
    names: Sequence[str],
    pictures: Callable[[NDArray[np.intp]], Sequence[bytes]],
    *,
    classes: int,
    most: int = KEPT,
) -> EvidenceIndex:
    """Choose the photos that are kept, and learn where they stand.

    Args:
        features: [n, D], what the head gets.
        labels: int32 [n] in 0..C-1.
        names: What each photo is called.
        pictures: Makes the thumbnails (`foveal.imaging.thumbnail`) of some photos, int [m], which are all that are
            kept; empty bytes where a photo cannot be read any more.
        classes: C.
        most: How many are kept at most.

    Raises:
        FovealError: `too-few-photos`: fewer than two.
    """
    n = len(labels)
    if n < 2:
        raise FovealError(
            "too-few-photos", f"evidence: expected at least 2 photos, got {n}", hint="add photos, or leave it out"
        )
    centre, axes = learn_space(features, labels, classes=classes)
    blocks = [unit(projected(features[start : start + _BLOCK], centre, axes)) for start in range(0, n, _BLOCK)]
    vectors = np.concatenate(blocks)
    shares = _shares(np.bincount(labels, minlength=classes), most)
    kept: list[NDArray[np.intp]] = []
    for label in np.flatnonzero(shares).tolist():
        rows = _evenly(np.flatnonzero(labels == label), _COMPARED)
        likeness = vectors[rows] @ vectors[rows].T
        chosen = most_representative(likeness, int(shares[label]))
        kept.append(np.sort(rows[chosen]))
    rows = np.concatenate(kept)
    files = pictures(rows)
    return EvidenceIndex(
        centre=centre,
        axes=axes,
        vectors=vectors[rows].astype(np.float16),
        labels=labels[rows].astype(np.int32),
        names=tuple(names[row] for row in rows.tolist()),
        pictures=np.frombuffer(b"".join(files), np.uint8),
        ends=np.cumsum([len(file) for file in files], dtype=np.int64),
        usual=_quantiles(_usual(features, labels, rows, classes)),
        learnt_from=n,
    )


def most_representative(likeness: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The photos that together stand for all of them best, by greedy facility location.

    Args:
        likeness: float32 [n, n], symmetric, at least -1.
        count: How many to choose, at most n.

    Returns:
        int [count], in the order in which they were chosen.
    """
    best = np.full(len(likeness), -1, np.float32)
    # A photo's gain only shrinks as others are chosen, so one that is still the largest after being brought up to date
    # is the next, and most are never computed again (Minoux 1978).
    gains = (likeness - best).sum(axis=1)
    chosen = np.empty(count, np.intp)
    for number in range(count):
        at = -1
        while at != (largest := int(np.argmax(gains))):
            at = largest
            gains[at] = np.maximum(likeness[at] - best, 0).sum()
        chosen[number], gains[at] = at, -np.inf
        best = np.maximum(best, likeness[at])
    return chosen


def _shares(counts: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """How many photos of each class are kept: all of small classes, and large ones share what is left evenly."""
    if counts.sum() <= most:
        return counts
    low, high = 0, int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() <= most else (low, middle - 1)
    shares = np.minimum(counts, low)
    larger = np.flatnonzero(counts > low)[: most - int(shares.sum())]
    shares[larger] += 1
    return shares


def _usual(
    features: NDArray[np.floating], labels: NDArray[np.int32], kept: NDArray[np.intp], classes: int
) -> NDArray[np.float32]:
    """Distances of photos to the nearest kept one of their class, each in a space that was learnt without it.

    In the space itself photos that it was learnt from stand farther apart than new ones do: of 90 drawn photos, every
    new one would be nearer than all of these.
    """
    asked = _evenly(np.arange(len(labels)), _ASKED)
    many = len(labels) > _MANY
    fold = _folds(labels, classes, _FOLDS_OF_MANY if many else _FOLDS)
    found = [np.empty(0, np.float32)]
    for number in range(1 if many else _FOLDS):
        learnt, held = asked[fold[asked] != number], asked[fold[asked] == number]
        among = kept[fold[kept] != number]
        if len(learnt) < 2 or not len(held):
            continue
        centre, axes = learn_space(features[learnt], labels[learnt], classes=classes)
        places, others = (_placed(features[rows], centre, axes) for rows in (held, among))
        for label in np.intersect1d(labels[held], labels[among]).tolist():
            likeness = places[labels[held] == label] @ others[labels[among] == label].T
            found.append(np.maximum(1 - likeness.max(axis=1), 0).astype(np.float32))
    return np.concatenate(found)


def _placed(
    features: NDArray[np.floating], centre: NDArray[np.float32], axes: NDArray[np.float16]
) -> NDArray[np.float32]:
    """`EvidenceIndex.place`, to the last rounding: quick, as no photo's place is kept."""
    return unit(np.asarray((compressed(features) - centre) @ axes.astype(np.float32), np.float32))


def _folds(labels: NDArray[np.int32], classes: int, count: int) -> NDArray[np.intp]:
    """int [n] in 0..count - 1: the photos of each class dealt out in turn."""
    fold = np.empty(len(labels), np.intp)
    for label in range(classes):
        rows = np.flatnonzero(labels == label)
        fold[rows] = np.arange(len(rows)) % count
    return fold


def _evenly(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]


def _quantiles(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(distances):
        # One photo a class: nothing is known of how far is usual, so that no distance counts as near.
        return np.zeros(1, np.float32)
    quantiles: NDArray[np.float32] = np.quantile(distances, np.linspace(0, 1, _QUANTILES)).astype(np.float32)
    return quantiles
