from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.dataset import Dataset
from foveal.data.splits import stratified_folds
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.workflows.quarantine import check_counts, quarantine, unreadable

NAMES = ("ant", "bee", "cat")


def _dataset(labels: list[int], names: tuple[str, ...] = NAMES) -> Dataset:
    names = names[: max(labels) + 1]
    paths = tuple(f"{number}.jpg" for number in range(len(labels)))
    return Dataset(Path("photos"), paths, np.array(labels, np.int32), names, np.zeros(len(labels), np.int8))


def _found(contents: list[int], failures: dict[int, str] | None = None) -> Extracted:
    """Photos with the same number have the same content."""
    keys = np.zeros((len(contents), 16), np.uint8)
    keys[:, 0] = np.array(contents) + 1
    keys[list(failures or {})] = 0
    return Extracted(keys, failures or {}, 0, {})


def test_good_photos_all_stay() -> None:
    kept = quarantine(_dataset([0, 0, 1, 1]), _found([0, 1, 2, 3]))
    assert kept.rows.tolist() == [0, 1, 2, 3]
    assert kept.labels.tolist() == [0, 0, 1, 1]
    assert kept.class_names == ("ant", "bee")
    assert kept.findings == ()
    assert len(set(kept.groups.tolist())) == 4


def test_unreadable_photos_are_named_with_the_reason() -> None:
    found = _found(list(range(6)), {1: "1.jpg: cut"})
    kept = quarantine(_dataset([0, 0, 0, 1, 1, 1]), found)
    assert kept.rows.tolist() == [0, 2, 3, 4, 5]
    assert [(each.code, each.paths, each.severity) for each in kept.findings] == [("unreadable", ("1.jpg",), "error")]
    assert unreadable(_dataset([0, 0, 0, 1, 1, 1]), found) == kept.findings


def test_two_unreadable_photos_are_not_the_same_photo() -> None:
    kept = quarantine(_dataset([0, 0, 0, 1, 1, 1]), _found(list(range(6)), {0: "cut", 5: "cut"}))
    assert [each.code for each in kept.findings] == ["unreadable", "unreadable"]
    assert kept.rows.tolist() == [1, 2, 3, 4]


def test_a_photo_in_two_classes_is_left_out_of_both() -> None:
    kept = quarantine(_dataset([0, 0, 0, 1, 1, 1]), _found([0, 1, 2, 2, 4, 5]))
    (finding,) = kept.findings
    assert (finding.code, finding.paths) == ("same-photo-two-classes", ("2.jpg", "3.jpg"))
    assert kept.rows.tolist() == [0, 1, 4, 5]


def test_a_photo_twice_in_its_class_stays_and_shares_a_fold() -> None:
    labels = [0] * 6 + [1] * 6
    kept = quarantine(_dataset(labels), _found([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]))
    assert len(kept.rows) == 12
    for seed in range(10):
        folds = stratified_folds(kept.labels, folds=3, seed=seed, groups=kept.groups)
        assert folds[0] == folds[1]
        assert folds[10] == folds[11]


def test_a_class_that_shrinks_to_one_photo_is_left_out_and_the_labels_close_up() -> None:
    kept = quarantine(_dataset([0, 0, 1, 1, 2, 2]), _found(list(range(6)), {2: "cut"}))
    assert kept.class_names == ("ant", "cat")
    assert kept.labels.tolist() == [0, 0, 1, 1]
    assert kept.rows.tolist() == [0, 1, 4, 5]
    (finding,) = [each for each in kept.findings if each.code == "class-left-out"]
    assert "bee" in finding.message
    assert finding.paths == ("3.jpg",)


def test_copies_of_one_photo_make_no_class() -> None:
    kept = quarantine(_dataset([0, 0, 1, 1, 2, 2, 2]), _found([0, 1, 2, 3, 4, 4, 4]))
    assert kept.class_names == ("ant", "bee")
    (finding,) = kept.findings
    assert (finding.code, finding.paths) == ("class-left-out", ("4.jpg", "5.jpg", "6.jpg"))


def test_one_class_left_is_refused_with_the_reasons() -> None:
    with pytest.raises(FovealError, match="got 1") as caught:
        quarantine(_dataset([0, 0, 1, 1]), _found([0, 1, 2, 3], {2: "cut", 3: "cut"}))
    assert caught.value.code == "one-class"
    assert "error: cut [unreadable]: 2.jpg" in caught.value.hint


def test_nothing_left_is_refused() -> None:
    with pytest.raises(FovealError, match="got 0"):
        quarantine(_dataset([0, 0, 1, 1]), _found([0] * 4, dict.fromkeys(range(4), "cut")))


def test_a_class_with_one_photo_is_refused_before_any_work() -> None:
    with pytest.raises(FovealError, match=r"in photos, got 1 in bee \(2\.jpg\)") as caught:
        check_counts(_dataset([0, 0, 1, 2, 2]))
    assert caught.value.code == "too-few-photos"
    assert "--exclude" in caught.value.hint
    check_counts(_dataset([0, 0, 2, 2]))


@given(order=st.permutations(list(range(8))))
def test_the_fingerprint_does_not_depend_on_order_or_names(order: list[int]) -> None:
    labels = [0, 0, 0, 0, 1, 1, 1, 1]
    first = quarantine(_dataset(labels), _found(list(range(8))))
    other = quarantine(_dataset([labels[at] for at in order]), _found(order))
    assert other.fingerprint == first.fingerprint


def test_the_fingerprint_depends_on_content_and_class() -> None:
    labels = [0, 0, 0, 1, 1, 1]
    prints = {
        quarantine(_dataset(labels), _found([0, 1, 2, 3, 4, 5])).fingerprint,
        quarantine(_dataset(labels), _found([0, 1, 2, 3, 4, 6])).fingerprint,
        quarantine(_dataset([0, 0, 1, 1, 1, 1]), _found([0, 1, 2, 3, 4, 5])).fingerprint,
        quarantine(_dataset(labels, ("ant", "bug", "cat")), _found([0, 1, 2, 3, 4, 5])).fingerprint,
    }
    assert len(prints) == 4
