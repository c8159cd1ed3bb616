from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.metrics.multilabel import decision_scores
from foveal.probes.thresholds import choose_thresholds


def drawn(photos, frequencies, *, separation=2.0, seed=0):
    """Targets, and the exact probabilities of a class that one normal measurement tells."""
    rng = np.random.default_rng(seed)
    frequencies = np.asarray(frequencies)
    targets = rng.random((photos, len(frequencies))) < frequencies
    seen = rng.normal(size=targets.shape) + separation * targets
    odds = separation * seen - separation**2 / 2 + np.log(frequencies / (1 - frequencies))
    return (1 / (1 + np.exp(-odds))).astype(np.float32), targets


def test_the_threshold_is_half_of_the_best_f1():
    probs, targets = drawn(200_000, [0.02, 0.1, 0.3])
    found = choose_thresholds(probs, targets)
    reached = decision_scores(targets, probs >= found).f1
    np.testing.assert_allclose(found, reached / 2, atol=0.03)
    for other in (found * 0.7, found * 1.3):
        assert (decision_scores(targets, probs >= other).f1 < reached).all()


@pytest.mark.parametrize("balance", [0.02, 0.05])
def test_a_rare_class_is_better_off_than_at_one_half(balance):
    probs, targets = drawn(1000, [balance] * 8, seed=1)
    found = choose_thresholds(probs, targets)
    later, truth = drawn(20_000, [balance] * 8, seed=2)
    assert decision_scores(truth, later >= found).f1.mean() > decision_scores(truth, later >= 0.5).f1.mean() + 0.03


def test_a_class_of_three_photos_does_not_follow_their_luck():
    probs, targets = drawn(400, [0.2] * 6, seed=3)
    targets[:, 0] = False
    targets[np.argsort(-probs[:, 0])[[0, 1, 2]], 0] = True
    lucky = np.sort(probs[:, 0])[-3:-1].mean()
    found = choose_thresholds(probs, targets)
    assert found[0] < 0.5 < lucky
    assert abs(found[0] - found[1:].mean()) < 0.1


def test_many_photos_mend_probabilities_that_are_wrong():
    probs, targets = drawn(50_000, [0.3])
    squeezed = (probs * 0.2).astype(np.float32)
    found = choose_thresholds(squeezed, targets)
    best = decision_scores(targets, probs >= choose_thresholds(probs, targets)).f1[0]
    assert decision_scores(targets, squeezed >= found).f1[0] == pytest.approx(best, abs=0.01)


@settings(max_examples=60)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 9999), st.sampled_from([1, 3, 100]))
def test_any_input_gives_thresholds(photos, classes, seed, levels):
    rng = np.random.default_rng(seed)
    probs = (rng.integers(0, levels + 1, (photos, classes)) / levels).astype(np.float32)
    targets = rng.random((photos, classes)) < rng.random()
    found = choose_thresholds(probs, targets)
    assert found.dtype == np.float32
    assert found.shape == (classes,)
    assert ((found >= np.float32(0.01)) & (found <= np.float32(0.99))).all()
    order = rng.permutation(photos)
    np.testing.assert_allclose(choose_thresholds(probs[order], targets[order]), found, rtol=1e-4)
