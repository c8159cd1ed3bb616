"""Pairs of classes that cannot be told apart: the same thing under two names, or a difference photos do not show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence, Judged
from foveal.checks.wording import percent
from foveal.grouping.components import components
from foveal.heads.linear import Array
from foveal.metrics.intervals import wilson
from foveal.types.data_finding import DataFinding
from foveal.types.interval import Interval
from foveal.types.text import counted, listing, printable

# Of the confusion that dealing the photos out at random would give, the share from which two classes count as one.
# The hardest pair of clothes reaches 0.2, cats and dogs of CIFAR-10 0.4; one class cut in two at random 0.9 to 1.1.
_ALIKE = 0.6
_FEWEST_PHOTOS = 5
_MOST_PAIRS = 200
_NAMED = 4
_ONE_RULE = (
    "If they are the same thing, make them one class. If not, check that the labels follow one rule that can be seen "
    "in the photos."
)


@dataclass(frozen=True)
class Overlap:
    """Two classes, and how far they are mixed up when a photo must be one or the other.

    Args:
        first: The one class.
        second: The other.
        photos: Photos of both.
        confused: How many of them fall on the wrong side when as many are called `first` as there are.
        interval: Of the share confused.
        chance: The share that would be confused if photos were dealt out at random.
        at: int [confused], positions of those photos, the most confused first.
        margins: float32 [confused], how much more the other class's logit is than their own.
    """

    first: int
    second: int
    photos: int
    confused: int
    interval: Interval
    chance: float
    at: NDArray[np.intp]
    margins: Array

    @property
    def likeness(self) -> float:
        """Confusion over that of chance: 0 = always told apart, 1 = not at all."""
        return self.confused / self.photos / self.chance


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Classes that are mixed up at least 60 % as often as chance would, for sure; those that hang together as one."""
    judged = evidence.judged
    if judged is None:
        return
    mixed = [
        overlap for overlap in overlaps(judged.logits, judged.labels) if overlap.interval.low >= _ALIKE * overlap.chance
    ]
    pairs = np.array([(overlap.first, overlap.second) for overlap in mixed], np.int64).reshape(-1, 2)
    together = components(pairs[:, 0], pairs[:, 1], len(judged.class_names))[pairs[:, 0]]
    for number in dict.fromkeys(together.tolist()):
        yield _finding(evidence, judged, [mixed[at] for at in np.flatnonzero(together == number)])


def overlaps(logits: Array, labels: NDArray[np.int32]) -> list[Overlap]:
    """How far the pairs of classes that are mixed up most overlap, worst first.

    Whether a photo is called the one or the other is decided by the difference of two logits, with the threshold at
    which as many are called each as there are. So neither a third class nor the commoner one's head start hides the
    overlap.

    Args:
        logits: float32 [n, C], out of fold.
        labels: int [n].

    Returns:
        At most 200 pairs of classes with at least 5 photos each.
    """
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels, minlength=logits.shape[1])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    members = [order[starts[number] : starts[number + 1]] for number in range(len(sizes))]
    found = [
        _overlap(logits, members[first], members[second], first, second)
        for first, second in _rivals(logits, labels, sizes)
    ]
    return sorted(found, key=lambda each: -each.likeness)


def _rivals(logits: Array, labels: NDArray[np.int32], sizes: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Pairs of classes in which photos of the one are often nearest to the other, of all other classes."""
    classes = logits.shape[1]
    second = logits.copy()
    second[np.arange(len(labels)), labels] = -np.inf
    rival = second.argmax(axis=1)
    cells, counts = np.unique(np.minimum(labels, rival) * classes + np.maximum(labels, rival), return_counts=True)
    one, other = cells // classes, cells % classes
    enough = np.minimum(sizes[one], sizes[other]) >= _FEWEST_PHOTOS
    one, other, counts = one[enough], other[enough], counts[enough]
    chosen = np.argsort(-counts / (sizes[one] + sizes[other]), kind="stable")[:_MOST_PAIRS]
    return list(zip(one[chosen].tolist(), other[chosen].tolist(), strict=True))


def _overlap(logits: Array, own: NDArray[np.intp], others: NDArray[np.intp], first: int, second: int) -> Overlap:
    rows = np.concatenate([own, others])
    leaning = logits[rows, first] - logits[rows, second]
    ranked = np.argsort(-leaning, kind="stable")
    called_first = np.zeros(len(rows), np.bool_)
    called_first[ranked[: len(own)]] = True
    is_first = np.arange(len(rows)) < len(own)
    wrong = np.flatnonzero(called_first != is_first)
    margins = np.where(is_first[wrong], -leaning[wrong], leaning[wrong])
    worst = np.argsort(-margins, kind="stable")
    share = len(own) / len(rows)
    return Overlap(
        first=first,
        second=second,
        photos=len(rows),
        confused=len(wrong),
        interval=wilson(len(wrong), len(rows)),
        chance=2 * share * (1 - share),
        at=rows[wrong[worst]],
        margins=margins[worst].astype(np.float32),
    )


def _finding(evidence: Evidence, judged: Judged, mixed: list[Overlap]) -> DataFinding:
    """One finding of classes that hang together, worst pair first."""
    worst = mixed[0]
    at = np.concatenate([overlap.at for overlap in mixed])
    margins = np.concatenate([overlap.margins for overlap in mixed])
    other = np.concatenate([np.where(judged.labels[each.at] == each.first, each.second, each.first) for each in mixed])
    # A photo that several pairs name is listed once, where it is mistaken most.
    order = np.argsort(-margins, kind="stable")
    order = order[np.sort(np.unique(at[order], return_index=True)[1])]
    at, margins, other = at[order], margins[order], other[order]
    classes = list(dict.fromkeys(number for overlap in mixed for number in (overlap.first, overlap.second)))
    names = [judged.class_names[number] for number in classes]
    numbers = {name: number for number, name in enumerate(evidence.dataset.class_names)}
    whole = np.array([numbers[name] for name in judged.class_names], np.int32)
    photos, confused = int(np.isin(judged.labels, classes).sum()), len(at)
    return DataFinding(
        code="not-separable",
        title=f"{_listed(names)} can hardly be told apart: {counted(confused, 'photo')} of {photos:,} "
        f"fall{'s' if confused == 1 else ''} on the wrong side",
        score=float(min(0.75, 0.5 + 5 * confused / len(judged.labels))),
        why=_why(judged, worst),
        advice=_ONE_RULE if len(names) == 2 else f"{_ONE_RULE} If they come from a table, see that its rows still fit.",
        rows=evidence.rows[judged.at[at]],
        scores=_sureness(margins),
        suggested=whole[other],
        values={
            "classes": names,
            "photos": photos,
            "confused": confused,
            "confusion": confused / photos,
            "interval": worst.interval.to_dict(),
            "chance": worst.chance,
            "likeness": min(1.0, worst.likeness),
        },
    )


def _listed(names: list[str]) -> str:
    if len(names) > _NAMED:
        return f"{len(names):,} classes ({listing(names, most=3)})"
    return f"{listing(names[:-1])} and {printable(names[-1])}"


def _why(judged: Judged, worst: Overlap) -> str:
    one, other = judged.class_names[worst.first], judged.class_names[worst.second]
    low, high = percent(worst.interval.low), percent(worst.interval.high)
    return (
        f"Of {worst.photos:,} photos of {one} and {other}, {percent(worst.confused / worst.photos)} ({low} to {high}) "
        f"are taken for the other class where tossing a coin would give {percent(worst.chance)}: more photos will not "
        "help."
    )


def _sureness(margins: Array) -> Array:
    """Margins as scores in 0..1: how likely the other class is, of the two."""
    centred = margins - float(margins.min(initial=0))
    return np.asarray(1 / (1 + np.exp(-np.minimum(centred, 30))), np.float32)
