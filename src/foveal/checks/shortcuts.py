"""Classes that something gives away which has nothing to do with what the photos show.

A network is as glad of a cue as of the object: horses known by a photographer's caption, wolves by snow (Lapuschkin et
al., Nature Communications 2019; Geirhos et al., "Shortcut learning in deep neural networks", Nature Machine
Intelligence 2020). Here each cue has a classifier of its own, naive Bayes over bins, which is judged on photos it has
not learnt from, each class against all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.checks.cues import NOT_SAID, Codes, Cue, cues
from foveal.checks.evidence import Evidence
from foveal.checks.wording import percent
from foveal.metrics.intervals import wilson
from foveal.types.data_finding import DataFinding
from foveal.types.text import listing

# A photo counts as given away where its cue is this many times as frequent in its class as in the others.
_LIKELIER = 20.0
_SMOOTHING = 0.5
_LEAST_GIVEN = 0.1
_LEAST_PHOTOS = 5
_LEAST_GAIN = 0.15
# A cue that may belong to the class is worth this much of one that cannot.
_EXCUSE = 0.6
# Photos × classes looked at; with more, photos are drawn.
_MOST_CELLS = 10_000_000
# by luck 1 of 700 datasets is as far off on one cue
_SURE = 3.0


# A cue that follows from others tells nothing new of a class that one of these gives away already.
_FOLLOWS = {
    "file-size": ("format", "jpeg-quality", "image-size"),
    "aspect": ("image-size",),
    "mean-colour": ("border",),
}


@dataclass(frozen=True)
class _Told:
    """What a cue tells of each class.

    Args:
        odds: float64 [k, C], log odds of each class against the mean of the others, out of fold.
        given: float64 [C], lower bound of the share of the class that is given away.
        limits: float64 [C], the odds from which a photo of the class counts as given away.
        balanced: Recall of the average class.
        by_luck: What balanced exceeds by luck in 1 of 700 datasets.
    """

    odds: NDArray[np.float64]
    given: NDArray[np.float64]
    limits: NDArray[np.float64]
    balanced: float
    by_luck: float


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Cues that tell the class: format, camera, time, JPEG quality, size, border, file size, aspect, mean colour."""
    judged = evidence.judged
    if judged is None:
        return
    classes = len(judged.class_names)
    chosen = _drawn(len(judged.labels), max(_MOST_CELLS // classes, 1))
    labels, folds = judged.labels[chosen], judged.folds[chosen]
    at = judged.at[chosen]
    found: dict[str, _Told] = {}
    for cue in cues(evidence.pixels[at]):
        said = np.flatnonzero((cue.codes != NOT_SAID).all(1))
        told = _tell(cue.codes[said], labels[said], folds[said], classes)
        gain = _gain(told.balanced, classes)
        strong = told.given.max() >= _LEAST_GIVEN
        told_before = any(_covers(found[each], told) for each in _FOLLOWS.get(cue.name, ()) if each in found)
        if (strong or (gain >= _LEAST_GAIN and told.balanced > told.by_luck)) and not told_before:
            found[cue.name] = told
            yield _finding(cue, told, labels[said], judged.class_names, evidence.rows[at[said]], said)


def _gain(balanced: float, classes: int) -> float:
    """How far above chance, 0 … 1."""
    return max(0.0, (balanced - 1 / classes) / (1 - 1 / classes))


def _covers(cause: _Told, told: _Told) -> bool:
    """Whether a cue gives away every class that another does, and as much, so that this one is an effect of it."""
    given = told.given >= _LEAST_GIVEN
    if not given.any():
        return cause.balanced >= told.balanced
    return bool((cause.given[given] >= told.given[given]).all())


def _drawn(k: int, most: int) -> NDArray[np.intp]:
    return np.arange(k) if k <= most else np.sort(np.random.default_rng(0).choice(k, most, replace=False))


def _tell(codes: Codes, labels: NDArray[np.int32], folds: NDArray[np.int8], classes: int) -> _Told:
    likelihood = np.empty((len(labels), classes))
    for fold in np.unique(folds):
        held = folds == fold
        likelihood[held] = _naive_bayes(codes[~held], labels[~held], codes[held], classes)
    likelihood -= likelihood.max(1, keepdims=True)
    weights = np.exp(likelihood)
    total = weights.sum(1, keepdims=True)
    others = np.maximum(total - weights, np.finfo(np.float64).tiny) / max(classes - 1, 1)
    odds = likelihood - np.log(others)
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    recall = _recall(odds, labels, classes)
    deviation = np.sqrt(np.sum((1 / classes) * (1 - 1 / classes) / counts[present])) / present.sum()
    given, limits = _given_away(odds, labels, counts)
    return _Told(odds, given, limits, float(recall[present].mean()), float(1 / classes + _SURE * deviation))


def _naive_bayes(seen: Codes, labels: NDArray[np.int32], asked: Codes, classes: int) -> NDArray[np.float64]:
    """Log likelihood float64 [m, C] of photos under each class, all classes taken as equally frequent."""
    out = np.zeros((len(asked), classes))
    for column, values in zip(seen.T, asked.T, strict=True):
        kinds = int(max(column.max(initial=0), values.max(initial=0))) + 1
        table = np.bincount(labels.astype(np.int64) * kinds + column, minlength=classes * kinds)
        share = table.reshape(classes, kinds) + _SMOOTHING
        share /= share.sum(1, keepdims=True)
        out += np.log(share)[:, values].T
    return out


def _recall(odds: NDArray[np.float64], labels: NDArray[np.int32], classes: int) -> NDArray[np.float64]:
    """Recall of each class; photos that several classes share by their cue count for none but in part."""
    best = odds >= odds.max(1, keepdims=True) - 1e-9
    hit = best[np.arange(len(labels)), labels] / best.sum(1)
    return np.bincount(labels, hit, minlength=classes) / np.maximum(np.bincount(labels, minlength=classes), 1)


def _given_away(
    odds: NDArray[np.float64], labels: NDArray[np.int32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each class the lower bound of the share that its cue gives away, and from which odds."""
    classes = len(counts)
    given, limits = np.zeros(classes), np.full(classes, np.inf)
    for number in np.flatnonzero(counts):
        order = np.argsort(-odds[:, number], kind="stable")
        ranked = odds[order, number]
        own = np.cumsum(labels[order] == number)
        other = np.arange(1, len(order) + 1) - own
        # only where the odds change: photos with equal odds cannot be told apart
        ends = np.flatnonzero(np.append(np.diff(ranked) < -1e-9, True))
        share = own[ends] / counts[number]
        wrong = (other[ends] + 1) / (len(order) - counts[number] + 2)
        enough = np.flatnonzero((share >= _LIKELIER * wrong) & (own[ends] >= _LEAST_PHOTOS))
        if len(enough):
            best = enough[-1]
            given[number] = wilson(int(own[ends[best]]), int(counts[number])).low
            limits[number] = ranked[ends[best]]
    return given, limits


def _finding(
    cue: Cue,
    told: _Told,
    labels: NDArray[np.int32],
    names: tuple[str, ...],
    rows: NDArray[np.intp],
    said: NDArray[np.intp],
) -> DataFinding:
    classes = len(names)
    strength = max(float(told.given.max()), 0.4 * _gain(told.balanced, classes))
    strong = np.flatnonzero(told.given >= _LEAST_GIVEN)
    strong = strong[np.argsort(-told.given[strong], kind="stable")]
    own = told.odds[np.arange(len(labels)), labels]
    shown = np.flatnonzero(np.isin(labels, strong) & (own >= told.limits[labels]))
    shown = shown[np.argsort(-own[shown], kind="stable")]
    if len(strong):
        title = f"The {cue.words} gives away {listing([_given(names[c], told.given[c]) for c in strong], most=3)}"
    else:
        title = f"The {cue.words} alone is right for {percent(told.balanced)} of an average class"
    return DataFinding(
        code=f"shortcut-{cue.name}",
        title=f"{title} (chance {percent(1 / classes)})" if not len(strong) else title,
        score=min(1.0, strength * (_EXCUSE if cue.excusable else 1.0)),
        why="A model that can tell a class by this need not look at what the photo shows; its score here will not hold "
        "for photos that come another way."
        + (" Some of it may be what the class looks like." if cue.excusable else ""),
        advice=_advice(cue),
        rows=rows[shown].astype(np.int64),
        scores=(1 / (1 + np.exp(-np.clip(own[shown], -30, 30)))).astype(np.float32),
        notes=tuple(cue.describe(int(photo)) for photo in said[shown]),
        values=_values(cue, told, names, strong),
    )


def _given(name: str, share: float) -> str:
    return f"{name} (at least {percent(share)} of its photos)"


def _advice(cue: Cue) -> str:
    if cue.excusable:
        return (
            "Compare the photos listed with others of their class: if the difference is how they were taken or "
            "saved, add photos of all classes from each source."
        )
    return (
        "Find out where these photos come from; take or save the photos of all classes in the same way, "
        "or add photos of each class from each source."
    )


def _values(cue: Cue, told: _Told, names: tuple[str, ...], strong: NDArray[np.intp]) -> dict[str, Any]:
    return {
        "cue": cue.name,
        "balanced_accuracy": told.balanced,
        "chance": 1 / len(names),
        "chance_high": told.by_luck,
        "classes": [{"class": names[number], "given_away": float(told.given[number])} for number in strong],
    }
