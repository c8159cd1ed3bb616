from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_evidence import evidence, plain_pixels

from foveal.checks.duplicates import Twins, check, copies_of
from foveal.data.label_sets import LabelSets
from foveal.grouping.near_duplicates import Pairs

TRAIN, VAL, TEST = 0, 1, 2


def pairs_of(*pairs, score=0.95):
    first = np.array([a for a, _ in pairs], np.int64)
    second = np.array([b for _, b in pairs], np.int64)
    return Pairs(first, second, np.full(len(pairs), score, np.float32), np.zeros(len(pairs), np.bool_))


def keys_of(contents):
    keys = np.zeros((len(contents), 16), np.uint8)
    keys[:, 0] = contents
    return keys


def found(**made):
    made.setdefault("pairs", pairs_of())
    return {finding.code: finding for finding in check(evidence(**made))}


def test_photos_without_twins_are_not_mentioned():
    assert found(labels=[0, 0, 1, 1]) == {}


def test_a_copy_is_listed_with_the_largest_photo_as_its_original():
    pixels = plain_pixels(4)
    pixels["facts"]["width"][1] = 4000
    copies = found(labels=[0, 0, 0, 1], pixels=pixels, pairs=pairs_of((0, 1), (1, 2)))["duplicates"]
    assert copies.rows.tolist() == [0, 2]
    assert copies.others.tolist() == [1, 1]
    assert copies.values == {"photos": 2, "share": 0.5, "exact": 0, "near": 2}


def test_equal_files_are_found_by_their_keys_alone():
    copies = found(labels=[0, 0, 0, 1], keys=keys_of([7, 8, 7, 7]), class_names=["a", "b"])
    assert copies["duplicates"].values["exact"] == 1
    assert copies["duplicates"].notes == ("equal files",)
    assert copies["duplicates-across-classes"].values == {"photos": 2, "pairs": 2, "exact": 2}


def test_pairs_of_equal_files_are_counted_once():
    copies = found(labels=[0, 0, 1, 1], keys=keys_of([7, 7, 8, 9]), pairs=pairs_of((0, 1), score=1))
    assert copies["duplicates"].values == {"photos": 1, "share": 0.25, "exact": 1, "near": 0}


def test_a_test_photo_with_a_twin_in_train_is_a_leak_and_the_worst_of_all():
    parts = [TRAIN, TRAIN, TRAIN, VAL, TEST, TEST]
    findings = found(labels=[0, 1, 1, 1, 0, 1], parts=parts, pairs=pairs_of((0, 4), (1, 2), (3, 5), (0, 1), score=1))
    leak = findings["leak"]
    assert leak.rows.tolist() == [4, 5]
    assert leak.others.tolist() == [0, 3]
    assert leak.values["photos"] == 2
    assert leak.values["share"] == 1
    assert leak.title == "2 of 2 test photos (100 %) are also in train or val"
    assert leak.score == 1 > findings["duplicates-across-classes"].score > findings["duplicates"].score


def test_a_leak_that_may_be_two_photos_of_like_things_weighs_less():
    findings = found(labels=[0, 1, 1, 0], parts=[TRAIN, TRAIN, TEST, TEST], pairs=pairs_of((0, 3), score=0.85))
    assert findings["leak"].score == pytest.approx(0.85**2)


def test_every_copy_in_the_test_part_is_named_even_where_one_content_lies_there_twice():
    parts = [TEST, TEST, TRAIN, TRAIN]
    leak = found(labels=[0, 0, 0, 1], parts=parts, keys=keys_of([5, 5, 5, 6]), class_names=["a", "b"])["leak"]
    assert sorted(leak.rows.tolist()) == [0, 1]
    assert leak.others.tolist() == [2, 2]
    assert leak.values["exact"] == 2


def test_a_validation_photo_in_train_is_a_lesser_leak():
    findings = list(check(evidence([0, 0, 1, 1, 1], parts=[0, 1, 0, 1, 2], pairs=pairs_of((0, 1), (2, 4)))))
    assert [finding.values["part"] for finding in findings] == ["test", "val"]
    assert findings[1].rows.tolist() == [1]
    assert findings[0].score > findings[1].score


def test_of_one_photo_in_two_classes_the_more_doubtful_is_listed():
    probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8]])
    twice = found(labels=[0, 0, 1, 1], probs=probs, pairs=pairs_of((0, 2)))["duplicates-across-classes"]
    assert twice.rows.tolist() == [2]
    assert twice.others.tolist() == [0]
    assert twice.suggested.tolist() == [0]


def test_rows_are_those_of_the_dataset_where_photos_could_not_be_read():
    copies = found(labels=[0, 0, 0, 1], failures={0: "damaged"}, pairs=pairs_of((0, 1)), class_names=["a", "b"])
    assert (copies["duplicates"].rows.tolist(), copies["duplicates"].others.tolist()) == ([2], [1])


def test_unlabelled_copies_contradict_nothing():
    assert set(found(labels=[-1, 0, 1, 1, 0], pairs=pairs_of((0, 1)))) == {"duplicates"}


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] != pair[1]), max_size=30))
def test_without_the_listed_copies_no_pair_is_left_and_every_copy_has_an_original_that_stays(pairs):
    pairs = sorted({(min(pair), max(pair)) for pair in pairs})
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    twins = Twins(first, second, np.ones(len(pairs), np.float32), np.zeros(len(pairs), np.bool_))
    listed = copies_of(twins, np.arange(12.0) % 5)
    gone = set(listed.first.tolist())
    assert len(gone) == len(listed.first)
    assert not gone & set(listed.second.tolist())
    assert all(a in gone or b in gone for a, b in pairs)
    known = set(pairs)
    for a, b in zip(listed.first.tolist(), listed.second.tolist(), strict=True):
        assert (min(a, b), max(a, b)) in known


def test_all_but_one_of_equal_files_in_each_class_are_copies():
    findings = found(labels=[0] * 5 + [1] * 5, keys=keys_of([7] * 10))
    assert findings["duplicates"].values["exact"] == 8
    assert findings["duplicates"].others.tolist() == [0] * 4 + [5] * 4
    assert findings["duplicates-across-classes"].values["photos"] == 5


def test_of_photos_with_several_labels_the_sets_are_said_to_differ():
    made = evidence([-1, -1, -1], class_names=["a", "b"], keys=keys_of([7, 7, 8]))
    label_sets = LabelSets(np.array([0, 2, 3, 3]), np.array([0, 1, 0], np.int32))
    (finding,) = check(replace(made, dataset=replace(made.dataset, label_sets=label_sets)))
    assert finding.title == "1 photo has a copy with other labels"
    assert "sets of labels" in finding.why
    assert finding.suggested.tolist() == [-1]
