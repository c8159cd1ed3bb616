"""Classes without photos, classes with too few, and what uneven classes do to the score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence, Judged
from foveal.checks.wording import percent
from foveal.data.dataset import PART_NAMES
from foveal.metrics.classification import class_scores, confusion_matrix
from foveal.metrics.intervals import wilson
from foveal.types.data_finding import DataFinding
from foveal.types.text import counted, listing

_LEARNABLE = 2
# With 20 photos the interval of a class's recall is still 30 points wide.
_FEW = 20
_UNEVEN = 3.0
_VERY_UNEVEN = 10.0
_GAP = 0.02


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """Classes without readable photos, classes of fewer than 20, and uneven classes where it shows in the score."""
    names = evidence.dataset.class_names
    if not names:
        return
    everywhere = _counts(evidence, np.ones(len(evidence.rows), np.bool_))
    learnt = _counts(evidence, evidence.parts != PART_NAMES.index("test"))
    empty = np.flatnonzero(everywhere == 0)
    if len(empty):
        yield _empty([names[number] for number in empty])
    small = np.flatnonzero((learnt < _FEW) & (everywhere > 0))
    if len(small):
        yield _too_small(evidence, small[np.argsort(learnt[small], kind="stable")], learnt)
    if evidence.judged is not None:
        yield from _imbalance(evidence.judged)


def _counts(evidence: Evidence, among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Readable photos of each class, int [C], of those marked bool [m]."""
    return np.array(list(evidence.dataset.take(evidence.rows[among]).counts().values()), np.int64)


def _empty(names: list[str]) -> DataFinding:
    m = len(names)
    return DataFinding(
        code="empty-classes",
        title=f"{counted(m, 'class', 'classes')} without a readable photo: {listing(names)}",
        score=0.5,
        why="A class without photos can never be recognised.",
        advice="Add photos, or remove the class.",
        values={"classes": names},
    )


def _too_small(evidence: Evidence, small: NDArray[np.intp], counts: NDArray[np.int64]) -> DataFinding:
    names = evidence.dataset.class_names
    recalls = {} if evidence.judged is None else {each["class"]: each for each in _recalls(evidence.judged)}
    described = [f"{names[number]} ({counts[number]:,})" for number in small]
    fewest = int(counts[small[0]])
    return DataFinding(
        code="classes-too-small",
        title=f"{counted(len(small), 'class has', 'classes have')} fewer than {_FEW} photos: {listing(described)}",
        score=0.6 if fewest < _LEARNABLE else 0.4 if fewest < _FEW // 4 else 0.25,
        why="So few photos show little of what a class can look like, and how often it is recognised is known only "
        "roughly; with fewer than 2 it cannot be learnt at all.",
        advice=f"Add photos until each class has {_FEW} or more; otherwise join the class with one like it.",
        values={
            "classes": [
                {"class": names[number], "photos": int(counts[number]), **recalls.get(names[number], {})}
                for number in small
            ]
        },
    )


def _imbalance(judged: Judged) -> Iterator[DataFinding]:
    confusion = confusion_matrix(judged.labels, judged.probs)
    scores = class_scores(confusion)
    # Of fewer photos no recall can be told; that they are too few is said already.
    enough = np.flatnonzero(scores.photos >= _FEW // 4)
    if not len(enough):
        return
    sizes = scores.photos[enough]
    smallest, largest = int(enough[sizes.argmin()]), int(enough[sizes.argmax()])
    ratio = float(sizes.max() / sizes.min())
    accuracy = float(np.diagonal(confusion)[enough].sum() / sizes.sum())
    balanced = float(scores.recall[enough].mean())
    gap = accuracy - balanced
    if ratio < _UNEVEN or (gap < _GAP and ratio < _VERY_UNEVEN):
        return
    effect = f"right for {percent(accuracy)} of the photos, but for {percent(balanced)} of an average class"
    yield DataFinding(
        code="imbalance",
        title=f"{judged.class_names[largest]} has {ratio:.0f} times the photos of {judged.class_names[smallest]}: "
        f"{effect if gap >= _GAP else 'so far without harm to the rare ones'}",
        score=min(0.5, 0.2 + 3 * max(0.0, gap)),
        why="The common classes decide the score; rare ones can fail without it falling much.",
        advice="Add photos of the rare classes with a low recall, and judge by the average over classes."
        if gap >= _GAP
        else "Nothing needs doing now; watch the recall of the rare classes.",
        values={
            "ratio": ratio,
            "accuracy": accuracy,
            "balanced_accuracy": balanced,
            "macro_f1": float(scores.f1[enough].mean()),
            "classes": _recalls(judged),
        },
    )


def _recalls(judged: Judged) -> list[dict[str, Any]]:
    """Each class with its photos and its recall out of fold, the smallest first."""
    confusion = confusion_matrix(judged.labels, judged.probs)
    scores = class_scores(confusion)
    return [
        {
            "class": judged.class_names[number],
            "photos": int(scores.photos[number]),
            "recall": float(scores.recall[number]),
            "recall_interval": wilson(int(confusion[number, number]), int(scores.photos[number])).to_dict(),
        }
        for number in np.argsort(scores.photos, kind="stable").tolist()
    ]
