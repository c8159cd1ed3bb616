from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.trust.set_scores import SetRule
from foveal.trust.sets import PredictionSets, Trial

TRIALS = (Trial("LAC", 0.951, 1.2, 0.87), Trial("APS", 0.952, 1.3, 0.9))


def made(scores, rule="lac", **more):
    ordered = np.sort(np.asarray(scores, float))
    return PredictionSets(SetRule(rule), len(ordered), np.arange(1, len(ordered) + 1), ordered, ordered, **more)


def drawn(photos, classes=5, seed=0):
    logits = np.random.default_rng(seed).normal(size=(photos, classes)) * 2
    exponential = np.exp(logits)
    return (exponential / exponential.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(("photos", "coverage", "rank"), [(19, 0.95, 19), (99, 0.9, 90), (99, 0.901, 91), (1, 0.5, 1)])
def test_the_threshold_is_the_finite_sample_quantile(photos, coverage, rank):
    assert made(np.arange(photos)).threshold(coverage) == rank - 1


def test_more_than_the_photos_can_promise_is_every_class():
    sets = made(-np.ones(18))
    assert sets.highest == pytest.approx(18 / 19)
    assert sets.threshold(0.95) == math.inf
    assert sets.sets(drawn(3), 0.95).all()


def test_a_rank_that_is_not_kept_is_answered_by_the_next_larger():
    whole = made(np.arange(100))
    kept = np.array([50, 80, 90, 100])
    thin = PredictionSets(SetRule("lac"), 100, kept, whole.scores[kept - 1], whole.scores[kept - 1])
    for coverage in np.linspace(0.5, 0.98, 60):
        assert thin.threshold(coverage) >= whole.threshold(coverage)
    assert thin.threshold(0.8) == 89


@pytest.mark.parametrize("rule", ["lac", "aps", "raps"])
def test_sets_are_nested_never_empty_and_hold_the_most_probable(rule):
    probs = drawn(300)
    sets = made(SetRule(rule).class_scores(drawn(200, seed=1))[:, 0], rule)
    before = np.zeros(probs.shape, bool)
    for coverage in (0.5, 0.7, 0.9, 0.95, 0.99, 0.999):
        found = sets.sets(probs, coverage)
        assert found.dtype == np.bool_
        assert found[np.arange(300), probs.argmax(axis=1)].all()
        assert (found | ~before).all()
        before = found


@given(st.integers(1, 40), st.sampled_from(["lac", "aps", "raps"]), st.floats(0.5, 0.999))
def test_a_photo_is_answered_alike_alone_and_among_others(photos, rule, coverage):
    probs = drawn(photos, seed=photos)
    sets = made(np.linspace(-1, 1, 150), rule)
    together = sets.sets(probs, coverage)
    alone = np.concatenate([sets.sets(probs[row : row + 1], coverage) for row in range(photos)])
    np.testing.assert_array_equal(together, alone)


def test_a_photo_that_could_not_be_read_has_no_set():
    probs = drawn(2)
    probs[1] = np.nan
    for rule in ("lac", "aps"):
        assert made(np.zeros(9), rule).sets(probs, 0.999).sum(axis=1).tolist() == [5, 0]
    assert made(np.zeros(9)).sets(probs[:0], 0.9).shape == (0, 5)


def test_round_trip():
    sets = made(np.linspace(0, 1, 50), "raps", trials=TRIALS)
    sets = replace(sets, rule=SetRule("raps", 0.05, 2))
    again = PredictionSets.from_arrays(sets.arrays())
    assert again.rule == sets.rule
    assert again.photos == 50
    assert again.trials == TRIALS
    np.testing.assert_array_equal(again.sets(drawn(50), 0.9), sets.sets(drawn(50), 0.9))
    assert again.tried()[1] == {"title": "APS", "coverage": 0.952, "mean_size": 1.3, "worst_class": 0.9}
    assert PredictionSets.from_arrays(made([0.5]).arrays()).trials == ()


def test_plain_sets_are_those_of_lac():
    probs = drawn(100)
    lac = made(-probs[:, 0])
    mixed = replace(lac, rule=SetRule("aps"), scores=np.linspace(0, 1, 100))
    np.testing.assert_array_equal(mixed.as_plain().sets(probs, 0.9), lac.sets(probs, 0.9))


@pytest.mark.parametrize(
    "changed",
    [
        {"ranks": np.array([1, 1, 3])},
        {"ranks": np.array([1, 2, 4])},
        {"ranks": np.array([0, 2, 3])},
        {"ranks": np.array([], np.int64)},
        {"scores": np.array([0.0, 0.2, 0.1])},
        {"scores": np.array([0.0, 0.1, np.nan])},
        {"plain": np.array([0.0, 0.1])},
        {"rule": np.array("best")},
        {"settings": np.array([0.0, 0.0])},
        {"settings": np.array([0.0, np.inf, 3.0])},
        {"trial_titles": np.array(["LAC"])},
    ],
)
def test_damaged_arrays_are_refused(changed):
    with pytest.raises(FovealError) as caught:
        PredictionSets.from_arrays({**made([0.0, 0.1, 0.2]).arrays(), **changed}).threshold(0.5)
    assert caught.value.code == "bad-value"
    assert "fit it again" in caught.value.hint


@pytest.mark.parametrize("coverage", [0.0, 0.49, 0.9995, 1.0, float("nan")])
def test_coverages_out_of_range_are_refused(coverage):
    with pytest.raises(FovealError, match="coverage"):
        made([0.0]).sets(drawn(1), coverage)


def test_probabilities_of_one_photo_need_two_dimensions():
    with pytest.raises(FovealError, match="probabilities"):
        made([0.0]).sets(drawn(1)[0], 0.9)
