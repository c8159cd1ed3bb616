from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.assurance import conformal
from foveal.assurance.conformal import learn_sets
from foveal.errors import FovealError
from foveal.trust.set_scores import SetRule


def drawn(photos, classes, rng, *, sharpness=2.0):
    """Probabilities and labels drawn from them; the classifier's own ones are sharper than the truth."""
    logits = rng.normal(size=(photos, classes)) * sharpness
    truth = np.exp(logits)
    truth /= truth.sum(axis=1, keepdims=True)
    labels = (truth.cumsum(axis=1) < rng.random((photos, 1))).sum(axis=1).clip(max=classes - 1).astype(np.int32)
    given_probs = np.exp(1.5 * logits)
    given_probs /= given_probs.sum(axis=1, keepdims=True)
    return given_probs.astype(np.float32), labels


def folds(photos):
    return (np.arange(photos) % 5).astype(np.int8)


def reference(calibration, labels, probs, coverage, rule):
    """The definition, photo by photo."""
    worst = []
    for row, label in zip(calibration.astype(float), labels, strict=True):
        worst.append(score(row, label, rule))
    rank = math.ceil((len(worst) + 1) * coverage - 1e-9)
    limit = sorted(worst)[rank - 1] if rank <= len(worst) else math.inf
    sets = [[score(row, c, rule) <= limit or c == row.argmax() for c in range(len(row))] for row in probs.astype(float)]
    return np.array(sets)


def score(row, label, rule):
    if rule.name == "lac":
        return 1 - row[label]
    ranked = sorted(range(len(row)), key=lambda c: (-row[c], c))
    rank = ranked.index(label)
    value = sum(row[c] for c in ranked[:rank]) + row[label] / 2
    return value + (rule.penalty * max(0, rank + 1 - rule.free) if rule.name == "raps" else 0)


@pytest.mark.parametrize("rule", [SetRule("lac"), SetRule("aps"), SetRule("raps", 0.01, 5), SetRule("raps", 0.05, 2)])
@pytest.mark.parametrize("coverage", [0.6, 0.9, 0.95, 0.99])
def test_sets_are_those_of_the_definition(monkeypatch, rule, coverage):
    rng = np.random.default_rng(3)
    probs, labels = drawn(211, 6, rng)
    fresh, _ = drawn(80, 6, rng)
    monkeypatch.setattr(conformal, "_RULES", (rule,))
    sets = learn_sets(probs, labels, folds(211))
    assert sets.rule == rule
    np.testing.assert_array_equal(sets.sets(fresh, coverage), reference(probs, labels, fresh, coverage, rule))


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_coverage_holds_over_many_draws(coverage):
    shares = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        probs, labels = drawn(150, 4, rng)
        fresh, truth = drawn(400, 4, rng)
        found = learn_sets(probs, labels, folds(150)).sets(fresh, coverage)
        shares.append(found[np.arange(400), truth].mean())
    # The mean over draws is known to within three of its standard errors; the guarantee is from below.
    error = np.std(shares) / math.sqrt(len(shares))
    assert np.mean(shares) >= coverage - 3 * error
    assert np.mean(shares) <= coverage + 0.02 + 3 * error


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 5), st.integers(0, 10_000), st.floats(0.5, 0.999))
def test_any_data_gives_sets_that_are_never_empty(photos, classes, seed, coverage):
    probs, labels = drawn(photos, classes, np.random.default_rng(seed))
    sets = learn_sets(probs, labels, folds(photos))
    found = sets.sets(probs, coverage)
    assert found.any(axis=1).all()
    if coverage > sets.highest:
        assert found.all()
    else:
        assert found[np.arange(photos), labels].mean() >= coverage - 1e-9


def test_the_trials_say_what_each_rule_gave():
    probs, labels = drawn(600, 8, np.random.default_rng(0))
    sets = learn_sets(probs, labels, folds(600))
    tried = {trial.title: trial for trial in sets.trials}
    assert list(tried) == ["LAC", "APS", "RAPS (0.01 a rank beyond 5)", "RAPS (0.05 a rank beyond 2)"]
    assert tried["LAC"].mean_size < 1.02 * min(trial.mean_size for trial in sets.trials)
    for trial in sets.trials:
        assert 0.93 < trial.coverage < 0.98
        assert 0.85 < trial.worst_class <= trial.coverage


def test_a_rule_that_serves_the_worst_class_better_is_preferred(monkeypatch):
    trials = {
        SetRule("lac"): conformal.Trial("LAC", 0.95, 1.20, 0.80),
        SetRule("aps"): conformal.Trial("APS", 0.95, 1.25, 0.94),
        SetRule("raps", 0.05, 2): conformal.Trial("RAPS", 0.85, 1.00, 0.95),
    }
    monkeypatch.setattr(conformal, "_compare", lambda *_: trials)
    probs, labels = drawn(600, 8, np.random.default_rng(0))
    assert learn_sets(probs, labels, folds(600)).rule == SetRule("aps")


def test_many_photos_are_thinned_to_the_safe_side():
    probs, labels = drawn(30_000, 3, np.random.default_rng(1))
    sets = learn_sets(probs, labels, folds(30_000))
    scores = np.sort(sets.rule.class_scores(probs)[np.arange(30_000), labels])
    assert len(sets.scores) <= 4096
    for coverage in (0.5, 0.731, 0.9, 0.95, 0.987, 0.999):
        exact = math.ceil(30_001 * coverage - 1e-9)
        assert scores[exact - 1] <= sets.threshold(coverage) <= scores[min(exact + 14, 29_999)]


def test_one_fold_and_one_photo_are_enough():
    sets = learn_sets(np.array([[0.9, 0.1]], np.float32), np.array([1], np.int32), np.zeros(1, np.int8))
    assert sets.rule == SetRule("lac")
    assert sets.highest == 0.5
    assert sets.sets(np.array([[0.9, 0.1]], np.float32), 0.5).tolist() == [[True, True]]


def test_sizes_on_a_sample_are_those_of_all(monkeypatch):
    probs, labels = drawn(4000, 5, np.random.default_rng(2))
    whole = learn_sets(probs, labels, folds(4000)).trials
    monkeypatch.setattr(conformal, "_ENOUGH_PROBS", 7000)
    for few, all_of_them in zip(learn_sets(probs, labels, folds(4000)).trials, whole, strict=True):
        assert few.mean_size == pytest.approx(all_of_them.mean_size, rel=0.08)
        assert few.coverage == all_of_them.coverage


def test_arrays_that_do_not_fit_are_refused():
    probs, labels = drawn(10, 3, np.random.default_rng(0))
    with pytest.raises(FovealError, match="folds"):
        learn_sets(probs, labels, folds(9))
    with pytest.raises(FovealError, match="labels"):
        learn_sets(probs, labels[:9], folds(10))
