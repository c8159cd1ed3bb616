import numpy as np
from made_evidence import evidence

from foveal.checks.class_sizes import check


def found(*arguments, **made):
    return {finding.code: finding for finding in check(evidence(*arguments, **made))}


def test_even_classes_of_a_good_size_are_not_mentioned():
    assert found(np.arange(60) % 3) == {}


def test_a_class_without_a_readable_photo_is_named():
    labels = [0] * 20 + [1] * 20 + [2]
    findings = found(labels, class_names=["a", "b", "c", "d"], failures={40: "damaged"})
    assert findings["empty-classes"].values == {"classes": ["c", "d"]}
    assert "c, d" in findings["empty-classes"].title
    assert "classes-too-small" not in findings


def test_small_classes_are_named_smallest_first_with_what_is_known_of_them():
    findings = found([0] * 30 + [1] * 8 + [2] * 1, class_names=["a", "b", "c"])
    small = findings["classes-too-small"]
    assert [each["class"] for each in small.values["classes"]] == ["c", "b"]
    assert small.title.endswith("c (1), b (8)")
    assert small.values["classes"][1]["recall"] == 1
    assert 0.6 < small.values["classes"][1]["recall_interval"]["low"] < 0.7
    assert "recall" not in small.values["classes"][0]
    assert small.score == 0.6


def test_test_photos_do_not_count_as_photos_to_learn_from():
    findings = found([0] * 30 + [1] * 30, parts=[0] * 30 + [2] * 25 + [0] * 5)
    assert findings["classes-too-small"].values["classes"][0]["photos"] == 5


def test_imbalance_is_a_matter_of_the_rare_classes_that_fail():
    labels = np.array([0] * 300 + [1] * 30)
    probs = np.tile([0.9, 0.1], (330, 1))
    imbalance = found(labels, probs=probs, class_names=["shirt", "hat"])["imbalance"]
    assert imbalance.title.startswith("shirt has 10 times the photos of hat: right for 90.9 %")
    assert imbalance.values["balanced_accuracy"] == 0.5
    assert [each["class"] for each in imbalance.values["classes"]] == ["hat", "shirt"]
    assert imbalance.score == 0.5


def test_imbalance_without_harm_is_only_worth_a_look():
    harmless = found([0] * 300 + [1] * 25)["imbalance"]
    assert harmless.score == 0.2
    assert "without harm" in harmless.title
    assert found([0] * 100 + [1] * 25) == {}


def test_nothing_is_said_of_photos_without_classes():
    assert found([-1, -1]) == {}


def test_a_class_that_is_too_small_is_not_also_called_uneven():
    assert set(found([0] * 40 + [1] * 40 + [2] * 3)) == {"classes-too-small"}
    assert set(found([0] * 100 + [1] * 8)) == {"classes-too-small", "imbalance"}
