"""Which photos are trained on, and which are held out to measure on: whole groups, and every class trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.split_file import Split
from foveal.data.splits import MOST_FOLDS, choose_folds, stratified_folds
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.grouping.infer import Grouping
from foveal.types.finding import Finding
from foveal.types.text import counted
from foveal.workflows.folds import fold_photos, folds_of, group_photos
from foveal.workflows.quarantine import Kept

_USUAL_FOLDS = 5
_MANY_FOLDS = 10
# From so many photos on a tenth of them tells enough, and the rest is better spent on training.
_MANY_PHOTOS = 2000
# Shares are rounded to so many folds.
_FINEST = 20


@dataclass(frozen=True)
class Parts:
    """Two parts of m photos; some may be in neither.

    Args:
        train: int [a], positions among the m, ascending.
        held: int [b], the same of those held out.
        groups: int64 [m]; photos that belong together share a number.
        train_folds: int8 [a], folds of the first, for a probe learnt from them.
        held_folds: int8 [b], folds of the second, for what is learnt from the held-out photos.
        record: How they came about, JSON-able, for the model's record.
        findings: What was left out or moved.
    """

    train: NDArray[np.intp]
    held: NDArray[np.intp]
    groups: NDArray[np.int64]
    train_folds: NDArray[np.int8]
    held_folds: NDArray[np.int8]
    record: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def check_hold_out(share: float | None) -> None:
    """Refuse a share that leaves nothing to train on, or nothing to measure.

    Raises:
        FovealError: `bad-option`.
    """
    if share is not None and not 1 / MOST_FOLDS <= share <= 0.5:
        raise FovealError(
            "bad-option",
            f"--hold-out: expected a share from {1 / MOST_FOLDS:.3f} to 0.5, got {share:g}",
            hint="0.2 holds out a fifth of the photos; leave it out to hold out as many as suits them",
        )


def part_photos(
    training: Dataset,
    kept: Kept,
    found: Extracted,
    view: View,
    splitting: Split | str,
    *,
    hold_out: float | None,
    seed: int,
) -> Parts:
    """Hold out whole groups of photos, the classes spread as evenly as can be.

    Held out are: with `hold_out` that share; of a split that was kept its first fold; of a dataset with a val part
    that part; else a fifth, of 2,000 photos or more a tenth.

    Args:
        training: The photos, train and val.
        kept: Those that can be learnt from.
        found: Features and pixel measurements of all.
        view: The view whose embedding tells how alike photos look.
        splitting: What `foveal.workflows.folds.check_split` made of the user's words.
        hold_out: A share, or None.
        seed: Same photos and seed, same parts.

    Raises:
        FovealError: `bad-option`, `split-mismatch`, `too-few-groups`.
    """
    check_hold_out(hold_out)
    if isinstance(splitting, Split):
        folds = folds_of(splitting, training, kept.rows, kept.labels, seed=seed)
        return _parts(kept, folds.groups, folds.numbers == 0, folds.record, seed=seed)
    grouping = group_photos(training, kept.rows, found, view, kept.groups, splitting)
    val = training.parts[kept.rows] == PART_NAMES.index("val")
    if hold_out is None and val.any() and not val.all():
        return _given(kept, grouping, val, by=splitting, seed=seed)
    share = Fraction(hold_out).limit_denominator(_FINEST) if hold_out else Fraction(1, _usual(len(kept.rows)))
    share = share or Fraction(1, round(1 / (hold_out or 1)))
    if share.numerator == 1:
        share = Fraction(1, max(2, min(share.denominator, len(np.unique(grouping.numbers)))))
    folds = fold_photos(kept.labels, grouping, by=splitting, seed=seed, folds=share.denominator)
    return _parts(kept, folds.groups, folds.numbers < share.numerator, folds.record, seed=seed)


def _usual(photos: int) -> int:
    return _MANY_FOLDS if photos >= _MANY_PHOTOS else _USUAL_FOLDS


def _given(kept: Kept, grouping: Grouping, val: NDArray[np.bool_], *, by: str, seed: int) -> Parts:
    """The val part as it is; photos to train on that belong together with some of it are left out."""
    record = {
        "by": by,
        "folds": 1,
        "groups": len(np.unique(grouping.numbers)),
        "grouped_photos": int((np.bincount(_small(grouping.numbers))[_small(grouping.numbers)] > 1).sum()),
        "linked": dict(grouping.linked),
        "passed_over": list(grouping.passed_over),
    }
    near = ~val & np.isin(grouping.numbers, grouping.numbers[val])
    return _parts(kept, grouping.numbers, val, record, seed=seed, left_out=near)


def _small(groups: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.unique(groups, return_inverse=True)[1]


def _parts(
    kept: Kept,
    groups: NDArray[np.int64],
    held: NDArray[np.bool_],
    record: Mapping[str, Any],
    *,
    seed: int,
    left_out: NDArray[np.bool_] | None = None,
) -> Parts:
    findings: tuple[Finding, ...] = ()
    train = ~held if left_out is None else ~held & ~left_out
    if left_out is not None and left_out.any():
        many = counted(int(left_out.sum()), "photo")
        message = f"left out of the training: {many} that belong together with photos of the val part"
        findings += (Finding("train-photo-held-out", message, (), "warning"),)
    untrained = np.setdiff1d(np.arange(len(kept.class_names)), kept.labels[train])
    if len(untrained):
        moved = np.isin(kept.labels, untrained)
        moved |= np.isin(groups, groups[moved])
        held, train = held & ~moved, train | moved
        names = ", ".join(kept.class_names[each] for each in untrained.tolist())
        findings += (Finding("class-not-held-out", f"trained on but not measured, for lack of photos: {names}"),)
    rows = [np.flatnonzero(train), np.flatnonzero(held)]
    if len(rows[1]) < 2:
        raise FovealError(
            "too-few-groups",
            "expected two or more photos to hold out beside those that every class is trained on, got "
            f"{len(rows[1])} of {counted(len(kept.rows), 'photo')} in {counted(len(np.unique(groups)), 'group')} that "
            "stay together",
            hint="add photos, or use `foveal fit`, which needs fewer",
        )
    inner = [_folds(kept.labels[each], groups[each], seed) for each in rows]
    said = {**record, "trained": len(rows[0]), "held_out": len(rows[1])}
    return Parts(rows[0], rows[1], groups, inner[0], inner[1], said, findings)


def _folds(labels: NDArray[np.int32], groups: NDArray[np.int64], seed: int) -> NDArray[np.int8]:
    return stratified_folds(labels, folds=choose_folds(labels, groups), seed=seed, groups=groups)
