"""Which photos are held out together, as `fit`, `check` and `split` decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.multilabel_splits import choose_multilabel_folds, multilabel_folds
from foveal.data.split_file import Split, read_split
from foveal.data.splits import choose_folds, count_grouped, stratified_folds
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.features.view import View
from foveal.grouping.infer import Grouping, infer_groups, kinds_named
from foveal.grouping.near_duplicates import Pairs, near_duplicates
from foveal.types.names import Names

Truth = NDArray[np.int32] | NDArray[np.bool_]
"""Labels int32 [m], or for any number of labels a photo targets bool [m, C]."""


# Fewer photos kept together than this share cannot flatter the score by as much; finding out would cost half a second.
_WORTH_COMPARING = 0.01


@dataclass(frozen=True)
class Folds:
    """The folds of m photos.

    Args:
        numbers: int8 [m], the fold that each photo is held out in.
        groups: int64 [m]; photos that belong together share a number, and so a fold.
        plain: int8 [m], folds that pay no heed to groups, for comparison; None where there is nothing to compare.
        record: How they came about, for the model's record.
    """

    numbers: NDArray[np.int8]
    groups: NDArray[np.int64]
    plain: NDArray[np.int8] | None
    record: Mapping[str, Any]

    def split(self, paths: Names) -> Split:
        """The folds as a file can keep them."""
        return Split(paths, self.numbers, self.groups)


def check_split(split: str | Path | Split) -> Split | str:
    """What a user said about splitting: a split, from a file or as it is, or how to find what belongs together.

    Args:
        split: A `Split`; the path of a file that `foveal split` wrote; "auto", "none", or kinds of evidence
            (`foveal.grouping.infer.KINDS`) with commas between.

    Raises:
        FovealError: `not-found`, `split-damaged`; `unknown-name` for words that are neither.
    """
    if isinstance(split, Split):
        return split
    if isinstance(split, Path) or Path(split).suffix:
        return read_split(split)
    try:
        kinds_named(split)
    except FovealError:
        if not Path(split).expanduser().is_file():
            raise
        return read_split(split)
    return split


def group_photos(
    dataset: Dataset,
    rows: NDArray[np.intp],
    found: Extracted,
    view: View,
    contents: NDArray[np.integer[Any]],
    by: str,
) -> Grouping:
    """Find out which of the photos belong together.

    Args:
        dataset: The photos.
        rows: int [m], readable ones.
        found: Their features and pixel measurements.
        view: The view whose embedding tells how alike photos look.
        contents: int [m]; photos with the same bytes share a number.
        by: See `foveal.grouping.infer.kinds_named`.
    """
    pixels = found.pixels(rows)
    embeddings = found.gather(rows, (view.only("embedding"),))
    wanted = "duplicates" in kinds_named(by)
    pairs = near_duplicates(pixels["sketch"], embeddings, found.keys[rows]) if wanted else Pairs.none()
    return infer_groups(dataset, rows, pixels=pixels, embeddings=embeddings, contents=contents, pairs=pairs, by=by)


def folds_for(
    dataset: Dataset,
    rows: NDArray[np.intp],
    truth: Truth,
    contents: NDArray[np.integer[Any]],
    found: Extracted,
    view: View,
    splitting: Split | str,
    *,
    seed: int,
) -> Folds:
    """Folds of photos whose features are known, from what `check_split` made of the user's words.

    Args:
        dataset: The photos.
        rows: int [m], those concerned.
        truth: What they show.
        contents: int [m]; photos with the same bytes share a number.
        found: Their features and pixel measurements.
        view: The view whose embedding tells how alike photos look.
        splitting: A split that was kept, or what to find groups by.
        seed: Same photos and seed, same folds.

    Raises:
        FovealError: `split-mismatch`, `too-few-groups`.
    """
    if isinstance(splitting, Split):
        return folds_of(splitting, dataset, rows, truth, seed=seed)
    grouping = group_photos(dataset, rows, found, view, contents, splitting)
    return fold_photos(truth, grouping, by=splitting, seed=seed)


def fold_photos(truth: Truth, grouping: Grouping, *, by: str, seed: int, folds: int | None = None) -> Folds:
    """Stratified folds that keep groups together.

    Args:
        truth: What the photos show.
        grouping: Their groups.
        by: What they were found by, for the record.
        seed: Same labels, groups and seed, same folds.
        folds: How many; None for what suits the photos.

    Raises:
        FovealError: `too-few-groups`: everything belongs together.
    """
    choose = choose_folds if truth.ndim == 1 else choose_multilabel_folds
    count = choose(truth, grouping.numbers) if folds is None else folds
    numbers = _dealt(truth, count, seed, grouping.numbers)
    return _folds(
        truth, numbers, grouping.numbers, by=by, seed=seed, linked=grouping.linked, passed_over=grouping.passed_over
    )


def folds_of(split: Split, dataset: Dataset, rows: NDArray[np.intp], truth: Truth, *, seed: int) -> Folds:
    """The folds of a split that was kept, for the photos of a dataset.

    Raises:
        FovealError: `split-mismatch`.
    """
    numbers, groups = split.of(dataset.take(rows))
    return _folds(truth, numbers, groups, by="file", seed=seed, linked={}, passed_over=())


def _folds(
    truth: Truth,
    numbers: NDArray[np.int8],
    groups: NDArray[np.int64],
    *,
    by: str,
    seed: int,
    linked: Mapping[str, int],
    passed_over: Sequence[str],
) -> Folds:
    """Folds with their record, and plain ones to compare with where enough photos are kept together."""
    grouped, count = count_grouped(groups), int(numbers.max()) + 1
    plain = _dealt(truth, count, seed) if grouped >= max(1, _WORTH_COMPARING * len(truth)) else None
    record = {
        "by": by,
        "folds": count,
        "groups": len(np.unique(groups)),
        "grouped_photos": grouped,
        "linked": dict(linked),
        "passed_over": list(passed_over),
    }
    return Folds(numbers, groups, plain, record)


def _dealt(truth: Truth, folds: int, seed: int, groups: NDArray[np.int64] | None = None) -> NDArray[np.int8]:
    deal = stratified_folds if truth.ndim == 1 else multilabel_folds
    return deal(truth, folds=folds, seed=seed, groups=groups)
