import numpy as np
from made_evidence import evidence

from foveal.checks.separability import check, overlaps


def judged_by_chance(first, second, others=40, seed=0):
    """Classes 0 and 1 of those sizes that chance alone tells apart, and class 2 that is clear."""
    labels = np.repeat([0, 1, 2], [first, second, others]).astype(np.int32)
    logits = np.random.default_rng(seed).normal(size=(len(labels), 3))
    logits[labels < 2, 2] -= 6
    logits[labels == 2, 2] += 6
    probs = np.exp(logits)
    return labels, probs / probs.sum(axis=1, keepdims=True)


def test_one_class_cut_in_two_at_random_is_found():
    labels, probs = judged_by_chance(150, 150)
    (finding,) = check(evidence(labels, class_names=["skirt", "skirts", "hat"], probs=probs))
    assert finding.code == "not-separable"
    assert finding.values["classes"] == ["skirt", "skirts"]
    assert finding.values["interval"]["low"] <= finding.values["confusion"] <= finding.values["interval"]["high"]
    assert finding.values["chance"] == 0.5
    assert finding.values["likeness"] > 0.8
    assert (finding.suggested == 1 - labels[finding.rows]).all()
    assert (np.diff(finding.scores) <= 0).all()
    assert 0.5 < finding.score <= 0.75


def test_uneven_halves_are_found_too():
    labels, probs = judged_by_chance(400, 60)
    probs[labels < 2, 0] += 3
    probs /= probs.sum(axis=1, keepdims=True)
    (finding,) = check(evidence(labels, probs=probs))
    assert abs(finding.values["chance"] - 2 * (400 * 60) / 460**2) < 1e-9


def test_classes_that_are_told_apart_are_not_mentioned():
    labels = np.arange(90) % 3
    assert list(check(evidence(labels))) == []


def test_a_few_photos_prove_nothing():
    labels, probs = judged_by_chance(4, 4)
    assert list(check(evidence(labels, probs=probs))) == []


def test_nothing_is_said_without_predictions():
    assert list(check(evidence([0, 0, 0]))) == []


def test_overlaps_come_worst_first_and_name_the_photos_on_the_wrong_side():
    logits = np.array([[2.0, 0, 1]] * 9 + [[0, 2.0, 1]] + [[0, 2.0, 1]] * 9 + [[2.0, 0, 1]] + [[0, 1, 4.0]] * 10)
    labels = np.repeat([0, 1, 2], 10).astype(np.int32)
    found = overlaps(logits.astype(np.float32), labels)
    assert (found[0].first, found[0].second) == (0, 1)
    assert found[0].confused == 2
    assert set(found[0].at.tolist()) == {9, 19}
    assert abs(found[0].likeness - 0.2) < 1e-9
    assert [each.likeness for each in found] == sorted((each.likeness for each in found), reverse=True)


def test_classes_that_hang_together_are_one_finding():
    labels = (np.arange(600) % 6).astype(np.int32)
    probs = np.random.default_rng(0).dirichlet(np.ones(6), 600)
    (finding,) = check(evidence(labels, probs=probs))
    assert sorted(finding.values["classes"]) == [f"class {number}" for number in range(6)]
    assert finding.title.startswith("6 classes (class ")
    assert len(set(finding.rows.tolist())) == len(finding.rows) == finding.values["confused"] <= 600
    assert (finding.suggested != labels[finding.rows]).all()
    assert "rows still fit" in finding.advice
