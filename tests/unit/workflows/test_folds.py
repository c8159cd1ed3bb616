from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.data.dataset import Dataset
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.grouping.infer import Grouping
from foveal.reports.splitting import told
from foveal.types.names import Names
from foveal.workflows.folds import check_split, fold_photos, folds_of

LABELS = np.repeat([0, 1], 20).astype(np.int32)
KEYS = {"by", "folds", "groups", "grouped_photos", "linked", "passed_over"}


def dataset(count: int = 40) -> Dataset:
    return Dataset(
        Path("photos"), [f"{at}.jpg" for at in range(count)], LABELS[:count], ("a", "b"), np.zeros(count, int)
    )


def alone() -> Grouping:
    return Grouping(np.arange(40), {"group": 0}, ())


def in_fours() -> Grouping:
    return Grouping(np.arange(40) // 4, {"bursts": 40}, ("time",))


def test_groups_stay_together_and_classes_are_even() -> None:
    folds = fold_photos(LABELS, in_fours(), by="auto", seed=0)
    assert folds.record == {
        "by": "auto",
        "folds": 5,
        "groups": 10,
        "grouped_photos": 40,
        "linked": {"bursts": 40},
        "passed_over": ["time"],
    }
    for group in range(10):
        assert len(np.unique(folds.numbers[folds.groups == group])) == 1
    for fold in range(5):
        assert np.bincount(LABELS[folds.numbers == fold]).tolist() == [4, 4]
    assert folds.plain is not None
    assert any(len(np.unique(folds.plain[folds.groups == group])) > 1 for group in range(10))


def test_without_groups_there_is_nothing_to_compare_with() -> None:
    folds = fold_photos(LABELS, alone(), by="none", seed=0)
    assert folds.plain is None
    assert folds.record["grouped_photos"] == 0
    assert set(folds.record) == KEYS


def test_seed_and_number_of_folds() -> None:
    first, same, other = (fold_photos(LABELS, alone(), by="auto", seed=seed).numbers for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    assert fold_photos(LABELS, alone(), by="auto", seed=0, folds=8).numbers.max() == 7


def test_several_labels_a_photo() -> None:
    targets = np.random.default_rng(0).random((40, 3)) < 0.5
    folds = fold_photos(targets, in_fours(), by="auto", seed=0)
    assert all(len(np.unique(folds.numbers[folds.groups == group])) == 1 for group in range(10))
    assert folds.plain is not None


@pytest.mark.parametrize(("count", "code"), [(1, "bad-value"), (200, "bad-value"), (11, "too-few-groups")])
def test_folds_that_cannot_be(count: int, code: str) -> None:
    with pytest.raises(FovealError) as caught:
        fold_photos(LABELS, in_fours(), by="auto", seed=0, folds=count)
    assert caught.value.code == code


def test_everything_belongs_together() -> None:
    with pytest.raises(FovealError) as caught:
        fold_photos(LABELS, Grouping(np.zeros(40, int), {}, ()), by="group", seed=0)
    assert caught.value.code == "too-few-groups"


def test_a_split_that_was_kept_is_the_same_split() -> None:
    made = fold_photos(LABELS, in_fours(), by="auto", seed=3)
    rows = np.arange(40)
    split = made.split(Names(dataset().paths))
    again = folds_of(split, dataset(), rows, LABELS, seed=3)
    np.testing.assert_array_equal(again.numbers, made.numbers)
    np.testing.assert_array_equal(again.groups, made.groups)
    assert again.record == {**made.record, "by": "file", "linked": {}, "passed_over": []}
    np.testing.assert_array_equal(again.plain, made.plain)
    some = folds_of(split, dataset(), rows[::2], LABELS[::2], seed=3)
    np.testing.assert_array_equal(some.numbers, made.numbers[::2])


def test_a_split_without_some_of_the_photos_is_refused() -> None:
    split = Split(Names([f"{at}.jpg" for at in range(30)]), np.arange(30) % 3, np.arange(30))
    with pytest.raises(FovealError, match=r"30\.jpg") as caught:
        folds_of(split, dataset(), np.arange(40), LABELS, seed=0)
    assert caught.value.code == "split-mismatch"


def test_what_a_user_may_say_of_a_split(tmp_path: Path) -> None:
    for words in ("auto", "none", "group,time"):
        assert check_split(words) == words
    split = Split(Names(["a", "b"]), np.array([0, 1]), np.array([0, 1]))
    assert check_split(split) is split
    file = split.save(tmp_path / "split.csv")
    plain = split.save(tmp_path / "kept")
    for given in (file, str(file), str(plain)):
        read = check_split(given)
        assert isinstance(read, Split)
        assert list(read.paths) == ["a", "b"]
    for wrong, code in (("gruop", "unknown-name"), ("gone.csv", "not-found"), (tmp_path / "gone", "not-found")):
        with pytest.raises(FovealError) as caught:
            check_split(wrong)
        assert caught.value.code == code
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(FovealError) as caught:
        check_split(tmp_path / "photo.jpg")
    assert caught.value.code == "split-damaged"


def test_told_in_a_sentence() -> None:
    assert told({}) == ""
    assert "no photos were found" in told(fold_photos(LABELS, alone(), by="auto", seed=0).record)
    record = dict(fold_photos(LABELS, in_fours(), by="auto", seed=0).record)
    assert told(record) == "5 folds; 40 photos stayed together with others (bursts 40)"
    assert told({**record, "accuracy": 0.9, "accuracy_ungrouped": 0.935}).endswith("would read 3.5 points higher")
    assert told({**record, "accuracy": 0.9, "accuracy_ungrouped": 0.893}).endswith("0.7 points lower, by chance")
    few = {**record, "groups": 3064, "grouped_photos": 6}
    assert told({**few, "accuracy": 0.9, "accuracy_ungrouped": 0.907}).endswith("0.7 points higher, by chance")
    for same in (0.9, 0.9004, 0.8996):
        assert told({**record, "accuracy": 0.9, "accuracy_ungrouped": same}).endswith("the score would read the same")
