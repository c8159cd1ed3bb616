from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foveal.data.multilabel_splits import choose_multilabel_folds, multilabel_folds
from foveal.errors import FovealError


def drawn(photos: int, classes: int, rarest: float, *, seed: int = 0) -> np.ndarray:
    """Targets of independent classes, from one photo in three to `rarest`."""
    rng = np.random.default_rng(seed)
    return rng.random((photos, classes)) < np.geomspace(1 / 3, rarest, classes)


def spread(targets: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """int [C]: by how many photos the folds differ in each class."""
    counts = np.stack([targets[folds == fold].sum(axis=0) for fold in range(int(folds.max()) + 1)])
    return counts.max(axis=0) - counts.min(axis=0)


def test_every_class_is_spread_evenly() -> None:
    targets = drawn(1000, 12, 0.005)
    folds = multilabel_folds(targets, folds=5, seed=0)
    assert folds.dtype == np.int8
    np.testing.assert_array_equal(np.bincount(folds), 200)
    assert spread(targets, folds).max() <= 2
    assert spread(targets, np.arange(1000) % 5).mean() > 4 * spread(targets, folds).mean()


def test_rare_photos_land_in_different_folds() -> None:
    targets = drawn(200, 3, 0.1)
    targets = np.column_stack([targets, np.arange(200) < 2, np.arange(200) % 67 == 5])
    folds = multilabel_folds(targets, folds=5, seed=1)
    assert folds[0] != folds[1]
    assert len(set(folds[targets[:, 4]])) == targets[:, 4].sum() == 3


def test_groups_stay_together_and_classes_even() -> None:
    targets = drawn(900, 10, 0.02)
    groups = np.sort(np.random.default_rng(1).integers(0, 300, 900))
    folds = multilabel_folds(targets, folds=5, seed=0, groups=groups)
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert spread(targets, folds).max() <= 8
    assert np.ptp(np.bincount(folds)) <= 20


def test_the_seed_decides() -> None:
    targets = drawn(100, 4, 0.1)
    first = multilabel_folds(targets, folds=4, seed=3)
    np.testing.assert_array_equal(first, multilabel_folds(targets.astype(np.uint8), folds=4, seed=3))
    assert (first != multilabel_folds(targets, folds=4, seed=4)).any()


@settings(max_examples=60)
@given(
    arrays(np.bool_, st.tuples(st.integers(2, 30), st.integers(1, 6))),
    st.integers(2, 5),
    st.integers(0, 99),
    st.booleans(),
)
def test_no_fold_is_empty(targets: np.ndarray, folds: int, seed: int, grouped: bool) -> None:
    groups = np.random.default_rng(seed).integers(0, len(targets), len(targets)) if grouped else None
    units = len(targets) if groups is None else len(np.unique(groups))
    if units < folds:
        with pytest.raises(FovealError, match="as many"):
            multilabel_folds(targets, folds=folds, seed=seed, groups=groups)
        return
    found = multilabel_folds(targets, folds=folds, seed=seed, groups=groups)
    assert set(found.tolist()) == set(range(folds))
    if not grouped:
        assert np.ptp(np.bincount(found)) <= max(1, targets.shape[1])


def test_number_of_folds() -> None:
    assert choose_multilabel_folds(drawn(500, 4, 0.1)) == 5
    pairs = np.repeat(np.eye(3, dtype=np.bool_), 2, axis=0)
    assert choose_multilabel_folds(pairs) == 2
    assert choose_multilabel_folds(np.zeros((4, 2), np.bool_)) == 2
    assert choose_multilabel_folds(np.repeat(np.eye(2, dtype=np.bool_), 9, axis=0), groups=np.arange(18) % 3) == 3


def test_refusals() -> None:
    good = np.zeros((6, 2), np.bool_)
    for wrong in (np.zeros(6, np.bool_), np.zeros((6, 2))):
        with pytest.raises(FovealError, match=r"targets bool \[n, C\]"):
            multilabel_folds(wrong, folds=2, seed=0)
    with pytest.raises(FovealError, match="folds in 2"):
        multilabel_folds(good, folds=1, seed=0)
    with pytest.raises(FovealError) as caught:
        multilabel_folds(good, folds=7, seed=0)
    assert caught.value.code == "too-few-photos"
    with pytest.raises(FovealError) as caught:
        multilabel_folds(good, folds=3, seed=0, groups=np.arange(6) % 2)
    assert caught.value.code == "too-few-groups"
