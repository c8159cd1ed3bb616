from __future__ import annotations

import json

import numpy as np
import pytest

from foveal.assurance.conformal import learn_sets
from foveal.assurance.selective import learn_abstention
from foveal.errors import FovealError
from foveal.evaluation.trust_figures import trust_figures, trust_figures_out_of_fold
from foveal.types.trust_figures import trust_summary

NAMES = ("boat", "cart", "kite", "sled")


def drawn(photos, seed=0, classes=4):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(photos, classes)) * 3
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    labels = (probs.cumsum(axis=1) < rng.random((photos, 1))).sum(axis=1).clip(max=classes - 1).astype(np.int32)
    return labels, probs.astype(np.float32)


def folds(photos):
    return (np.arange(photos) % 5).astype(np.int8)


def learnt(photos=1000):
    labels, probs = drawn(photos)
    return learn_sets(probs, labels, folds(photos)), learn_abstention(probs, labels, folds(photos))


def test_figures_on_photos_that_nothing_was_learnt_from():
    sets, abstention = learnt()
    labels, probs = drawn(500, seed=1)
    unknown = np.arange(500) < 20
    found = trust_figures(
        labels, probs, NAMES, sets=sets, abstention=abstention, unknown=unknown, coverage=0.9, max_error=0.03
    )
    assert json.loads(json.dumps(found)) == found
    inside = sets.sets(probs, 0.9)
    right = probs.argmax(axis=1) == labels
    told = found["sets"]
    assert found["photos"] == 500
    assert told["asked"] == 0.9
    assert told["coverage"] == pytest.approx(inside[np.arange(500), labels].mean())
    assert told["coverage_interval"]["low"] < 0.9 < told["coverage_interval"]["high"]
    assert told["mean_size"] == pytest.approx(inside.sum(axis=1).mean())
    assert told["plain_mean_size"] == pytest.approx(sets.as_plain().sets(probs, 0.9).sum(axis=1).mean())
    assert sum(each["photos"] for each in told["sizes"]) == 500
    assert [each["name"] for each in told["per_class"]] == list(NAMES)
    assert told["worst_class"] in NAMES
    assert [each["title"] for each in told["tried"]] == [trial.title for trial in sets.trials]
    rows = {row["max_error"]: row for row in found["abstention"]["rows"]}
    assert list(rows) == [0.005, 0.01, 0.02, 0.03, 0.05, 0.1]
    answered = abstention.answered(probs, 0.1)
    assert rows[0.1]["answered"] == answered.sum()
    assert rows[0.1]["wrong"] == (answered & ~right).sum()
    assert rows[0.1]["threshold"] == abstention.threshold(0.1)
    assert rows[0.005] == {
        "max_error": 0.005,
        "promised": False,
        "threshold": None,
        "answered": 0,
        "share": 0.0,
        "share_interval": rows[0.005]["share_interval"],
        "wrong": 0,
        "error": None,
        "error_interval": {"low": 0.0, "high": 1.0, "method": "Wilson score, 95 %"},
    }
    assert found["gate"]["turned_away"] == 20
    assert found["gate"]["accuracy_turned_away"] == pytest.approx(right[:20].mean())
    assert found["gate"]["accuracy_accepted"] == pytest.approx(right[20:].mean())
    assert len(found["curve"]["answered"]) == len(found["curve"]["error"]) <= 100


def test_out_of_fold_nothing_is_learnt_from_the_photo_it_judges():
    labels, probs = drawn(900)
    numbers = folds(900)
    found = trust_figures_out_of_fold(labels, probs, numbers, NAMES)
    inside, answered = np.zeros(probs.shape, bool), np.zeros(900, bool)
    for fold in range(5):
        held = numbers == fold
        inside[held] = learn_sets(probs[~held], labels[~held], numbers[~held]).sets(probs[held], 0.95)
        known = learn_abstention(probs[~held], labels[~held], numbers[~held])
        answered[held] = known.answered(probs[held], 0.1)
    assert found["sets"]["coverage"] == pytest.approx(inside[np.arange(900), labels].mean())
    assert found["sets"]["mean_size"] == pytest.approx(inside.sum(axis=1).mean())
    assert found["abstention"]["rows"][-1]["answered"] == answered.sum()
    assert found["gate"] is None
    sets, abstention = learn_sets(probs, labels, numbers), learn_abstention(probs, labels, numbers)
    assert found == trust_figures_out_of_fold(labels, probs, numbers, NAMES, sets=sets, abstention=abstention)
    assert found["sets"]["highest"] == pytest.approx(900 / 901)


def test_a_class_that_is_surely_held_too_seldom_is_named():
    labels, probs = drawn(2000)
    hard = labels == 2
    probs[hard] = np.array([0.97, 0.01, 0.01, 0.01], np.float32)
    labels[1999] = 2
    found = trust_figures_out_of_fold(labels, probs, folds(2000), NAMES, coverage=0.7)
    assert found["sets"]["undercovered"] == ["kite"]
    assert found["sets"]["worst_class"] == "kite"
    assert "less often for     kite 0%" in trust_summary(found)


def test_a_class_without_photos_has_no_coverage():
    sets, abstention = learnt()
    labels, probs = drawn(60, seed=2)
    labels[labels == 3] = 0
    found = trust_figures(labels, probs, NAMES, sets=sets, abstention=abstention, unknown=np.ones(60, bool))
    assert found["sets"]["per_class"][3]["coverage"] is None
    assert found["sets"]["per_class"][3]["mean_size"] is None
    assert found["gate"]["accuracy_accepted"] is None
    assert "60 photos, 100.0%" in trust_summary(found)


def test_parts_that_are_not_there_are_left_out():
    labels, probs = drawn(30)
    found = trust_figures(labels, probs, NAMES, sets=None, abstention=None, unknown=None)
    assert found["sets"] is found["abstention"] is found["gate"] is None
    assert trust_summary(found).startswith("surest first")
    assert trust_summary(found).count("\n") == 0


def test_the_summary_says_it_in_a_few_lines():
    sets, abstention = learnt()
    labels, probs = drawn(500, seed=1)
    unknown = np.arange(500) < 1
    figures = trust_figures(labels, probs, NAMES, sets=sets, abstention=abstention, unknown=unknown, max_error=0.1)
    lines = trust_summary(figures).splitlines()
    assert [line[:19].strip() for line in lines] == ["95% sets", "at most 10% wrong", "surest first", "turned away"]
    assert "classes on average" in lines[0]
    assert "of photos answered" in lines[1]
    assert "1 photo, 0.2%" in lines[3]


def test_what_cannot_be_promised_is_said():
    sets, abstention = learnt(12)[0], learnt(300)[1]
    labels, probs = drawn(40, seed=1)
    figures = trust_figures(labels, probs, NAMES, sets=sets, abstention=abstention, unknown=np.zeros(40, bool))
    assert not figures["sets"]["promised"]
    text = trust_summary(figures)
    assert "name every class: too few photos to promise that; at most 92.31%" in text
    assert figures["abstention"]["lowest"] == abstention.lowest
    assert f"the smallest error that can be promised is {100 * abstention.lowest:g}%" in text
    assert "0 photos, 0.0%" in text


def test_that_nothing_can_be_promised_is_said():
    labels, probs = drawn(3)
    found = trust_figures_out_of_fold(labels, probs, np.array([0, 1, 1], np.int8), NAMES)
    assert found["abstention"]["lowest"] is None
    assert "nothing answered: no error can be promised" in trust_summary(found)


def test_few_photos_and_empty_classes_out_of_fold():
    labels, probs = drawn(3)
    found = trust_figures_out_of_fold(labels, probs, np.array([0, 1, 1], np.int8), NAMES)
    assert found["sets"]["coverage"] == 1
    assert json.dumps(found, allow_nan=False)


def test_arrays_that_do_not_fit_are_refused():
    labels, probs = drawn(30)
    with pytest.raises(FovealError, match="class_names"):
        trust_figures(labels, probs, NAMES[:3], sets=None, abstention=None, unknown=None)
    with pytest.raises(FovealError, match="unknown"):
        trust_figures(labels, probs, NAMES, sets=None, abstention=None, unknown=np.zeros(29, bool))
    with pytest.raises(FovealError, match="folds"):
        trust_figures_out_of_fold(labels, probs, np.zeros(30, np.int8), NAMES)
