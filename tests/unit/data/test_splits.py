from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.splits import choose_folds, stratified_folds
from foveal.errors import FovealError

labels_and_folds = st.integers(2, 8).flatmap(
    lambda folds: st.tuples(st.lists(st.integers(-1, 5), min_size=folds, max_size=80), st.just(folds))
)
seeds = st.integers(0, 1000)


@given(labels_and_folds, seeds)
def test_classes_and_folds_are_even(case: tuple[list[int], int], seed: int) -> None:
    labels, folds = np.array(case[0]), case[1]
    result = stratified_folds(labels, folds=folds, seed=seed)
    assert result.dtype == np.int8
    assert np.ptp(np.bincount(result, minlength=folds)) <= 1
    for label in set(case[0]):
        assert np.ptp(np.bincount(result[labels == label], minlength=folds)) <= 1


@given(labels_and_folds, seeds, st.data())
def test_groups_stay_together_and_no_fold_is_empty(case: tuple[list[int], int], seed: int, data: st.DataObject) -> None:
    labels, folds = case
    others = st.lists(st.integers(0, 30), min_size=len(labels) - folds, max_size=len(labels) - folds)
    groups = np.array([*range(folds), *data.draw(others)])
    result = stratified_folds(labels, folds=folds, seed=seed, groups=groups)
    for group in set(groups.tolist()):
        assert len(set(result[groups == group].tolist())) == 1
    assert set(result.tolist()) == set(range(folds))


@given(labels_and_folds, seeds, st.data())
def test_groups_of_one_class_differ_by_no_more_than_the_largest(
    case: tuple[list[int], int], seed: int, data: st.DataObject
) -> None:
    labels, folds = np.array(case[0]), case[1]
    inner = data.draw(st.lists(st.integers(0, 9), min_size=len(labels), max_size=len(labels)))
    groups = np.array(inner) + 100 * labels
    if len(set(groups.tolist())) < folds:
        return
    result = stratified_folds(labels, folds=folds, seed=seed, groups=groups)
    for label in set(case[0]):
        own = labels == label
        largest = np.unique(groups[own], return_counts=True)[1].max()
        assert np.ptp(np.bincount(result[own], minlength=folds)) <= largest


@given(labels_and_folds, seeds)
def test_groups_of_one_photo_are_as_even_as_no_groups(case: tuple[list[int], int], seed: int) -> None:
    labels, folds = np.array(case[0]), case[1]
    result = stratified_folds(labels, folds=folds, seed=seed, groups=np.arange(len(labels)))
    for label in set(case[0]):
        assert np.ptp(np.bincount(result[labels == label], minlength=folds)) <= 1


@pytest.mark.parametrize("groups", [None, np.arange(200) // 2])
def test_same_seed_same_folds_other_seed_other_folds(groups: np.ndarray | None) -> None:
    labels = np.arange(200) % 7
    first = stratified_folds(labels, folds=5, seed=3, groups=groups)
    np.testing.assert_array_equal(first, stratified_folds(labels, folds=5, seed=3, groups=groups))
    assert (first != stratified_folds(labels, folds=5, seed=4, groups=groups)).any()


def test_a_class_of_few_photos_lands_in_different_folds() -> None:
    labels = np.r_[np.zeros(50, int), [1, 1, 1], [2]]
    result = stratified_folds(labels, folds=5, seed=0)
    assert len(set(result[labels == 1].tolist())) == 3


def test_groups_of_several_classes_leave_classes_even() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 300, 3000)
    labels = rng.integers(0, 5, 3000)
    result = stratified_folds(labels, folds=5, seed=0, groups=groups)
    counts = np.array([np.bincount(result[labels == label], minlength=5) for label in range(5)])
    assert (abs(counts / counts.mean(axis=1, keepdims=True) - 1) < 0.05).all()


@pytest.mark.parametrize(
    ("labels", "groups", "folds"),
    [
        ([0] * 10 + [1] * 10, None, 5),
        ([0] * 10 + [1] * 2, None, 5),
        ([0] * 3 + [1] * 3, None, 3),
        ([0] * 2 + [1] * 2 + [2] * 10, None, 2),
        ([0] * 4 + [1] * 4 + [-1] * 20, None, 4),
        ([0, 1], None, 2),
        ([], None, 2),
        ([0] * 10 + [1] * 10, [0, 1, 2] * 6 + [0, 1], 3),
    ],
)
def test_choosing_how_many(labels: list[int], groups: list[int] | None, folds: int) -> None:
    assert choose_folds(labels, groups) == folds


@pytest.mark.parametrize(
    ("labels", "folds", "groups", "code"),
    [
        ([0, 1], 1, None, "bad-value"),
        ([0] * 200, 128, None, "bad-value"),
        ([0, 1], 3, None, "too-few-photos"),
        ([0, 1, 0], 2, [7, 7, 7], "too-few-groups"),
        ([0, 1, 0], 2, [7, 7], "bad-value"),
        ([0.5, 1.0], 2, None, "bad-value"),
    ],
)
def test_refusals(labels: list[float], folds: int, groups: list[int] | None, code: str) -> None:
    with pytest.raises(FovealError) as caught:
        stratified_folds(labels, folds=folds, seed=0, groups=groups)
    assert caught.value.code == code
