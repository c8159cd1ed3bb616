from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.grouping.infer import Grouping
from foveal.workflows import train_parts
from foveal.workflows.quarantine import Kept
from foveal.workflows.train_parts import Parts, check_hold_out, part_photos

NAMES = ("a", "b", "c")


def _photos(labels: list[int], parts: list[int] | None = None) -> tuple[Dataset, Kept]:
    n = len(labels)
    dataset = Dataset(
        Path("photos"),
        [f"{number}.jpg" for number in range(n)],
        np.array(labels, np.int32),
        NAMES,
        np.array(parts or [0] * n, np.int8),
    )
    kept = Kept(np.arange(n), dataset.labels, NAMES, np.arange(n), (), "digest", np.zeros((n, 16), np.uint8))
    return dataset, kept


def _part(
    monkeypatch: pytest.MonkeyPatch,
    labels: list[int],
    *,
    groups: list[int] | None = None,
    parts: list[int] | None = None,
    hold_out: float | None = None,
    seed: int = 0,
) -> Parts:
    dataset, kept = _photos(labels, parts)
    numbers = np.array(groups if groups is not None else range(len(labels)), np.int64)
    monkeypatch.setattr(train_parts, "group_photos", lambda *_: Grouping(numbers, {}, ()))
    return part_photos(dataset, kept, None, None, "auto", hold_out=hold_out, seed=seed)  # type: ignore[arg-type]


def _part_or_code(monkeypatch: pytest.MonkeyPatch, labels: list[int], groups: list[int], seed: int) -> Parts | str:
    try:
        return _part(monkeypatch, labels, groups=groups, seed=seed)
    except FovealError as error:
        return error.code


def _shares(labels: NDArray[np.int32], rows: NDArray[np.intp]) -> list[int]:
    return np.bincount(labels[rows], minlength=3).tolist()


def test_a_fifth_of_each_class_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [0, 1, 2] * 20
    found = _part(monkeypatch, labels)
    assert _shares(np.array(labels, np.int32), found.held) == [4, 4, 4]
    assert sorted([*found.train, *found.held]) == list(range(60))
    assert found.record["held_out"] == 12
    assert found.record["trained"] == 48


def test_of_many_photos_a_tenth_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(_part(monkeypatch, [0, 1] * 1000).held) == 200


@pytest.mark.parametrize(("share", "held"), [(0.5, 30), (0.3, 18), (0.1, 6), (0.25, 15)])
def test_a_share_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, share: float, held: int) -> None:
    assert len(_part(monkeypatch, [0, 1, 2] * 20, hold_out=share).held) == held


@given(st.integers(0, 5), st.lists(st.integers(0, 9), min_size=30, max_size=30))
def test_groups_stay_on_one_side(seed: int, groups: list[int]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = _part_or_code(monkeypatch, [0, 1, 2] * 10, groups, seed)
    if isinstance(found, str):
        assert found == "too-few-groups"
        return
    numbers = np.array(groups)
    assert not set(numbers[found.train]) & set(numbers[found.held])
    # Every class is trained, whatever else gives way.
    assert set((np.array([0, 1, 2] * 10))[found.train]) == {0, 1, 2}
    for rows, folds in ((found.train, found.train_folds), (found.held, found.held_folds)):
        for group in set(numbers[rows]):
            assert len(set(folds[numbers[rows] == group])) == 1


def test_too_few_photos_to_measure_on_are_counted_in_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FovealError) as caught:
        _part(monkeypatch, [0, 0, 1, 1, 2, 2], groups=[0, 0, 1, 1, 2, 2])
    assert caught.value.code == "too-few-groups"
    assert "6 photos in 3 groups" in caught.value.message


def test_a_class_that_cannot_be_split_is_trained_on_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [0, 1] * 12 + [2, 2]
    groups = [*range(24), 99, 99]
    for seed in range(8):
        found = _part(monkeypatch, labels, groups=groups, seed=seed)
        assert {24, 25} <= set(found.train.tolist())


def test_a_val_part_is_held_out_and_what_belongs_to_it_is_not_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [0] * 24 + [1] * 6
    groups = [*range(24), 0, *range(25, 30)]
    found = _part(monkeypatch, [0, 1, 2] * 10, parts=parts, groups=groups)
    assert found.held.tolist() == [*range(24, 30)]
    assert found.train.tolist() == [*range(1, 24)]
    (finding,) = found.findings
    assert finding.code == "train-photo-held-out"
    assert "1 that" not in str(found.record)


def test_a_share_goes_before_the_val_part(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _part(monkeypatch, [0, 1, 2] * 10, parts=[0] * 24 + [1] * 6, hold_out=0.5)
    assert len(found.held) == 15


def test_of_a_kept_split_the_first_fold_is_held_out() -> None:
    dataset, kept = _photos([0, 1, 2] * 10)
    numbers = np.arange(30, dtype=np.int8) // 6
    split = Split(dataset.paths, numbers, np.arange(30))
    found = part_photos(dataset, kept, None, None, split, hold_out=None, seed=0)  # type: ignore[arg-type]
    assert found.held.tolist() == [*range(6)]
    assert found.record["by"] == "file"


@pytest.mark.parametrize("share", [0.0, -1, 0.51, 1.0, float("nan")])
def test_a_share_that_leaves_nothing_is_refused(share: float) -> None:
    with pytest.raises(FovealError) as caught:
        check_hold_out(share)
    assert caught.value.code == "bad-option"
