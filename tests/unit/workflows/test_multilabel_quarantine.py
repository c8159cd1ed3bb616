from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.workflows.multilabel_quarantine import quarantine_label_sets
from foveal.workflows.quarantine import check_counts, quarantine_tests

NAMES = ("ant", "bee", "cat")


def _dataset(sets: list[list[int]], names: tuple[str, ...] = NAMES) -> Dataset:
    count = len(sets)
    paths = tuple(f"{number}.jpg" for number in range(count))
    nothing = np.full(count, -1, np.int32)
    return Dataset(Path("t.csv"), paths, nothing, names, np.zeros(count, np.int8), label_sets=LabelSets.of(sets))


def _found(contents: list[int], failures: dict[int, str] | None = None) -> Extracted:
    """Photos with the same number have the same content."""
    keys = np.zeros((len(contents), 16), np.uint8)
    keys[:, 0] = np.array(contents) + 1
    keys[list(failures or {})] = 0
    return Extracted(keys, failures or {}, 0, {})


GOOD = [[0], [0, 1], [1, 2], [2], [], [0, 2]]


def test_good_photos_all_stay_the_empty_set_too() -> None:
    kept = quarantine_label_sets(_dataset(GOOD), _found([0, 1, 2, 3, 4, 5]))
    assert kept.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert kept.class_names == NAMES
    assert [np.flatnonzero(shown).tolist() for shown in kept.targets] == GOOD
    assert kept.findings == ()
    assert len(set(kept.groups.tolist())) == 6


def test_unreadable_photos_are_named() -> None:
    kept = quarantine_label_sets(_dataset([*GOOD, [0]]), _found([0, 1, 2, 3, 4, 5, 6], {6: "6.jpg: cut"}))
    assert kept.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert [(each.code, each.paths) for each in kept.findings] == [("unreadable", ("6.jpg",))]


def test_one_photo_with_two_sets_of_labels_is_left_out_and_named() -> None:
    kept = quarantine_label_sets(_dataset([*GOOD, [0], [0, 1], [1], [1]]), _found([0, 1, 2, 3, 4, 5, 6, 6, 1, 9]))
    (finding,) = kept.findings
    assert (finding.code, finding.severity) == ("same-photo-two-classes", "error")
    assert finding.paths == ("1.jpg", "6.jpg", "7.jpg", "8.jpg")
    assert kept.rows.tolist() == [0, 2, 3, 4, 5, 9]


def test_copies_with_the_same_labels_stay_and_share_a_group() -> None:
    kept = quarantine_label_sets(_dataset([*GOOD, [0, 1]]), _found([0, 1, 2, 3, 4, 5, 1]))
    assert kept.findings == ()
    assert kept.groups[1] == kept.groups[6]


def test_unreadable_photos_are_not_one_photo_with_several_labels() -> None:
    kept = quarantine_label_sets(_dataset([*GOOD, [0], [1]]), _found([0, 1, 2, 3, 4, 5, 0, 0], {6: "cut", 7: "cut"}))
    assert [each.code for each in kept.findings] == ["unreadable", "unreadable"]


@pytest.mark.parametrize(
    ("sets", "contents", "paths"),
    [
        ([[0, 1], [0], [1], [], [2]], [0, 1, 2, 3, 4], ("4.jpg",)),
        ([[0, 1], [0], [1], [], [2], [2]], [0, 1, 2, 3, 4, 4], ("4.jpg", "5.jpg")),
        ([[0, 1, 2], [0, 2], [1, 2], [2], []], [0, 1, 2, 3, 4], ()),
        ([[0, 1], [0], [1], []], [0, 1, 2, 3], ()),
    ],
    ids=["one photo", "one photo twice", "all photos but one", "none"],
)
def test_a_class_that_cannot_be_learnt_is_left_out_and_its_photos_stay(
    sets: list[list[int]], contents: list[int], paths: tuple[str, ...]
) -> None:
    kept = quarantine_label_sets(_dataset(sets), _found(contents))
    (finding,) = kept.findings
    assert (finding.code, finding.paths) == ("class-left-out", paths)
    assert "cat" in finding.message
    assert kept.class_names == ("ant", "bee")
    assert kept.targets.shape == (len(sets), 2)


def test_nothing_to_learn_is_refused() -> None:
    with pytest.raises(FovealError, match="at least one label") as caught:
        quarantine_label_sets(_dataset([[0], [], [1]]), _found([0, 1, 2]))
    assert caught.value.code == "too-few-photos"
    assert "class-left-out" in caught.value.hint


@given(st.permutations(range(6)))
def test_the_fingerprint_is_that_of_contents_and_labels(order: list[int]) -> None:
    first = quarantine_label_sets(_dataset(GOOD), _found([0, 1, 2, 3, 4, 5]))
    again = quarantine_label_sets(_dataset([GOOD[at] for at in order]), _found(order))
    assert again.fingerprint == first.fingerprint
    changed = quarantine_label_sets(_dataset([[1], *GOOD[1:]]), _found([0, 1, 2, 3, 4, 5]))
    assert changed.fingerprint != first.fingerprint


def test_a_single_photo_of_a_class_is_no_reason_to_refuse() -> None:
    check_counts(_dataset([[0], [0, 1], []]))


def test_test_photos_that_were_learnt_are_left_out_and_unknown_labels_are_not() -> None:
    kept = quarantine_label_sets(_dataset([*GOOD[:2], [1], [], [2]]), _found([0, 1, 2, 3, 4]))
    assert kept.class_names == ("ant", "bee")
    among, findings = quarantine_tests(_dataset([[0], [2], [1, 2]]), _found([0, 7, 8]), kept)
    assert among.tolist() == [False, True, True]
    assert [(each.code, each.paths) for each in findings] == [("test-photo-learnt", ("0.jpg",))]
