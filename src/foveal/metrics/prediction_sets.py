"""How often prediction sets hold the true class, and how many classes they name to do so.

Every function takes `sets`, bool [n, C], and most take `labels`, int [n] in 0..C-1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.types.checked import bad_value, integers


class ClassCoverage(NamedTuple):
    """Figures of every class, each [C]; a class without photos has coverage and mean size 0.

    Args:
        photos: int64, photos whose true class it is.
        covered: int64, those of them whose set holds it.
        coverage: float64 0..1, their share.
        mean_size: float64, classes in their sets on average.
    """

    photos: NDArray[np.int64]
    covered: NDArray[np.int64]
    coverage: NDArray[np.float64]
    mean_size: NDArray[np.float64]


class SizeCoverage(NamedTuple):
    """Figures of every size that occurs, each [sizes]; sizes ascend.

    Args:
        size: int64, classes in the set.
        photos: int64, photos with a set of that size.
        covered: int64, those of them whose set holds the true class.
        coverage: float64 0..1, their share.
    """

    size: NDArray[np.int64]
    photos: NDArray[np.int64]
    covered: NDArray[np.int64]
    coverage: NDArray[np.float64]


def covered(labels: Any, sets: Any) -> NDArray[np.bool_]:
    """Which photos have their true class in their set: bool [n].

    Args:
        labels: int [n].
        sets: bool [n, C].

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    held, true = _checked("covered", sets, labels)
    return held[np.arange(len(true)), true]


def coverage(labels: Any, sets: Any) -> float:
    """Share of photos whose set holds the true class, 0..1.

    Args:
        labels: int [n].
        sets: bool [n, C].

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    return float(covered(labels, sets).mean())


def mean_set_size(sets: Any) -> float:
    """Classes in a set on average, 0..C.

    Args:
        sets: bool [n, C].

    Raises:
        FovealError: `bad-value`: no photos, or not bool [n, C].
    """
    return float(_sizes("mean_set_size", sets).mean())


def singleton_share(sets: Any) -> float:
    """Share of photos whose set is a single class, 0..1.

    Args:
        sets: bool [n, C].

    Raises:
        FovealError: `bad-value`: no photos, or not bool [n, C].
    """
    return float((_sizes("singleton_share", sets) == 1).mean())


def class_coverage(labels: Any, sets: Any) -> ClassCoverage:
    """Coverage and mean size of the photos of each class.

    Args:
        labels: int [n].
        sets: bool [n, C].

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    held, true = _checked("class_coverage", sets, labels)
    classes = held.shape[1]
    photos = np.bincount(true, minlength=classes)
    hits = np.bincount(true[held[np.arange(len(true)), true]], minlength=classes)
    sizes = np.bincount(true, np.count_nonzero(held, axis=1), minlength=classes)
    return ClassCoverage(photos, hits, hits / np.maximum(photos, 1), sizes / np.maximum(photos, 1))


def worst_class_coverage(labels: Any, sets: Any, *, at_least: int = 1) -> float:
    """Lowest coverage of a class with enough photos, 0..1; 1 where no class has enough.

    Args:
        labels: int [n].
        sets: bool [n, C].
        at_least: Photos that a class needs to count.

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    classes = class_coverage(labels, sets)
    return float(classes.coverage[classes.photos >= max(1, at_least)].min(initial=1.0))


def size_coverage(labels: Any, sets: Any) -> SizeCoverage:
    """Coverage of the photos whose sets have the same size (size-stratified coverage, Angelopoulos et al. 2021).

    Sets that adapt to each photo hold the truth about equally often whatever their size.

    Args:
        labels: int [n].
        sets: bool [n, C].

    Raises:
        FovealError: `bad-value`: no photos, or arrays that do not fit together.
    """
    held, true = _checked("size_coverage", sets, labels)
    sizes = np.count_nonzero(held, axis=1)
    photos = np.bincount(sizes)
    hits = np.bincount(sizes[held[np.arange(len(true)), true]], minlength=len(photos))
    size = np.flatnonzero(photos)
    return SizeCoverage(size, photos[size], hits[size], hits[size] / photos[size])


def _sizes(owner: str, sets: Any) -> NDArray[np.int64]:
    held = np.asarray(sets)
    if held.dtype != np.bool_ or held.ndim != 2 or 0 in held.shape:
        raise bad_value(owner, "sets as bool [n, C] for 1 or more photos", f"{held.dtype} {list(held.shape)}")
    return np.asarray(np.count_nonzero(held, axis=1), np.int64)


def _checked(owner: str, sets: Any, labels: Any) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    _sizes(owner, sets)
    held: NDArray[np.bool_] = np.asarray(sets)
    true = integers(owner, "labels", labels, length=len(held))
    if true.min() < 0 or true.max() >= held.shape[1]:
        raise bad_value(owner, f"labels in 0..{held.shape[1] - 1}", f"{true.min()}..{true.max()}")
    return held, true
