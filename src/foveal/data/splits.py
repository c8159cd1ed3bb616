"""Which photos are left out together, so that every photo is judged once by a head that never saw it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.types.checked import bad_value, integers
from foveal.types.text import counted

USUAL_FOLDS = 5
MOST_FOLDS = 127


def choose_folds(labels: Any, groups: Any | None = None) -> int:
    """How many folds suit a dataset: 5, or as many as the median class has photos, or there are groups; at least 2.

    Where every class has two photos, two folds keep the classes balanced in what is learnt from; with more, the class
    held out would be the rarest each time and never be answered. A few small classes among large ones are no reason
    for fewer folds: their photos land in different ones.

    Args:
        labels: int [n]; -1 = unlabelled, which does not count.
        groups: int [n], photos that must stay together share a number.

    Raises:
        FovealError: `bad-value`: not whole numbers [n].
    """
    known = integers("choose_folds", "labels", labels)
    _, counts = np.unique(known[known >= 0], return_counts=True)
    most = min(USUAL_FOLDS, int(np.median(counts)) if len(counts) else 2)
    if groups is not None:
        most = min(most, len(np.unique(integers("choose_folds", "groups", groups, length=len(known)))))
    return max(2, most)


def count_grouped(groups: NDArray[np.integer[Any]]) -> int:
    """How many photos share their group with others.

    Args:
        groups: int [n], photos that belong together share a number.
    """
    _, counts = np.unique(groups, return_counts=True)
    return int(counts[counts > 1].sum())


def stratified_folds(labels: Any, *, folds: int, seed: int, groups: Any | None = None) -> NDArray[np.int8]:
    """The fold of every photo, with each class spread as evenly as can be.

    Without groups the photos of each class differ by at most one between folds, and so do the folds altogether; a
    class with fewer photos than folds lands in different ones. With groups all members share a fold: the largest group
    is placed first, each where its classes are rarest so far.

    Args:
        labels: int [n], class of each photo; -1 = unlabelled is spread like a class of its own.
        folds: How many, 2..127.
        seed: Same labels, groups, folds and seed, same answer.
        groups: int [n], photos that must stay together (of one patient, one video, near-duplicates) share a number.

    Returns:
        int8 [n] in 0..folds-1; no fold is empty.

    Raises:
        FovealError: `bad-value`: other shapes, or folds outside 2..127. `too-few-photos`, `too-few-groups`: fewer than
            folds.
    """
    known = integers("stratified_folds", "labels", labels)
    if not 2 <= folds <= MOST_FOLDS:
        raise bad_value("stratified_folds", f"folds in 2..{MOST_FOLDS}", folds)
    if len(known) < folds:
        raise too_few("photo", len(known), folds)
    _, classes = np.unique(known, return_inverse=True)
    rng = np.random.default_rng(seed)
    if groups is None:
        return _deal(classes, folds, rng)
    _, members = np.unique(integers("stratified_folds", "groups", groups, length=len(known)), return_inverse=True)
    count = int(members.max()) + 1
    if count < folds:
        raise too_few("group", count, folds)
    return _place_groups(classes, members, folds, rng)[members]


def _deal(classes: NDArray[np.int64], folds: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Shuffled photos, class after class, dealt like cards: both the classes and the folds come out even."""
    order = rng.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    result = np.empty(len(classes), dtype=np.int8)
    result[order] = np.arange(len(classes)) % folds
    return result


def _place_groups(
    classes: NDArray[np.int64], members: NDArray[np.int64], folds: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Fold of every group, int8 [number of groups]: largest first, each into the fold that its classes need most."""
    width = int(classes.max()) + 1
    pairs, counts = np.unique(members * width + classes, return_counts=True)
    starts = np.searchsorted(pairs, np.arange(int(members.max()) + 2) * width).tolist()
    content = list(zip((pairs % width).tolist(), counts.tolist(), strict=True))
    class_sizes = np.bincount(classes).tolist()
    sizes = np.bincount(members)
    shuffled = rng.permutation(len(sizes))
    held = [[0] * width for _ in range(folds)]
    totals = [0] * folds
    result = np.empty(len(sizes), dtype=np.int8)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")].tolist():
        inside = content[starts[group] : starts[group + 1]]
        best = min(range(folds), key=lambda fold: (_crowding(held[fold], inside, class_sizes), totals[fold]))
        result[group] = best
        for kind, count in inside:
            held[best][kind] += count
            totals[best] += count
    return result


def _crowding(held: list[int], inside: list[tuple[int, int]], class_sizes: list[int]) -> float:
    """How much the sum of squared class shares of a fold grows when the group joins it."""
    return sum(count * (2 * held[kind] + count) / class_sizes[kind] ** 2 for kind, count in inside)


def too_few(noun: str, got: int, folds: int) -> FovealError:
    """The error for fewer photos or groups than folds.

    Args:
        noun: "photo" or "group".
        got: How many there are.
        folds: How many folds there were to be.
    """
    return FovealError(
        f"too-few-{noun}s",
        f"expected at least as many {noun}s as folds, got {counted(got, noun)} for {folds} folds",
        hint=f"use fewer folds, or add {noun}s",
    )
