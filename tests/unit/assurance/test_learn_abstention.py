from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.assurance.selective import CONFIDENCE, MAX_ERRORS, binomial_tail, learn_abstention
from foveal.errors import FovealError

stats = pytest.importorskip("scipy.stats")


def drawn(photos, rng, *, floor=0.0):
    """Two classes; a photo of confidence c is right with probability c, but never more often than 1 − floor."""
    confidence = 0.5 + 0.5 * rng.beta(3, 1, photos)
    right = rng.random(photos) < np.minimum(confidence, 1 - floor)
    probs = np.stack([confidence, 1 - confidence], axis=1).astype(np.float32)
    return probs, np.where(right, 0, 1).astype(np.int32)


def folds(photos):
    return (np.arange(photos) % 5).astype(np.int8)


def true_error(threshold):
    """The share wrong among the confidences of `drawn` that are at least the threshold."""
    surplus = np.linspace(max(0.0, 2 * threshold - 1), 1, 20_001)
    weight = stats.beta.pdf(surplus, 3, 1)
    return float(((0.5 - 0.5 * surplus) * weight).sum() / weight.sum())


@given(st.integers(1, 3000), st.data())
def test_the_tail_is_scipys(n, data):
    successes = data.draw(st.integers(0, n))
    share = data.draw(st.floats(1e-4, 0.999))
    found = float(binomial_tail(np.array(successes), np.array(n), np.array(share)))
    if successes >= n * share:
        assert found == 1
    else:
        # SciPy loses digits far out: of 22 of 294 at 0.93 it has eight, where exact fractions confirm twelve of these.
        assert found == pytest.approx(stats.binom.cdf(successes, n, share), rel=1e-9, abs=1e-100)


def test_tails_of_many_photos():
    found = binomial_tail(np.array([0, 9_000, 49_000]), np.array([1_000_000]), np.array([0.01, 0.01, 0.05]))
    np.testing.assert_allclose(found, stats.binom.cdf([0, 9_000, 49_000], 1_000_000, [0.01, 0.01, 0.05]), rtol=1e-7)


@pytest.mark.parametrize("max_error", [0.05, 0.1])
def test_the_promise_is_kept_as_often_as_it_says(max_error):
    broken, shares = 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        probs, labels = drawn(800, rng)
        sure = learn_abstention(probs, labels, folds(800))
        threshold = sure.threshold(max_error)
        shares.append(sure.share(max_error))
        broken += math.isfinite(threshold) and true_error(threshold) > max_error
    # 200 draws at 10 % broken give 20 ± 4.2; three of these more would be surprising.
    assert broken <= 200 * (1 - CONFIDENCE) + 3 * math.sqrt(200 * 0.09)
    assert np.mean(shares) > (0.15 if max_error == 0.05 else 0.5)


def test_what_cannot_be_promised_is_not():
    probs, labels = drawn(40, np.random.default_rng(0))
    sure = learn_abstention(probs, labels, folds(40))
    assert sure.threshold(0.02) == math.inf
    assert not sure.answered(probs, 0.02).any()
    hopeless = learn_abstention(probs, 1 - np.zeros(40, np.int32), folds(40))
    assert hopeless.lowest == math.inf


def test_all_right_is_all_answered():
    probs, _ = drawn(3000, np.random.default_rng(0))
    sure = learn_abstention(probs, np.zeros(3000, np.int32), folds(3000))
    assert sure.threshold(0.01) == 0.0
    assert sure.share(0.01) == 1.0
    # Without a mistake among n photos, (1 − e)^n ≤ 0.02 promises e: 3,000 photos promise 0.0013 and not 0.001.
    assert sure.lowest == 0.002


def test_one_wrong_label_among_the_surest_does_not_end_it():
    probs, labels = drawn(3000, np.random.default_rng(4))
    labels[probs[:, 0].argmax()] = 1
    assert learn_abstention(probs, labels, folds(3000)).share(0.05) > 0.3


def test_thresholds_fall_and_shares_rise_with_the_error():
    for seed in range(20):
        probs, labels = drawn(500, np.random.default_rng(seed), floor=0.01)
        sure = learn_abstention(probs, labels, folds(500))
        assert sure.max_errors.tolist() == list(MAX_ERRORS)
        assert (np.diff(sure.shares) >= 0).all()
        for max_error, share in zip(sure.max_errors, sure.shares, strict=True):
            assert sure.answered(probs, max_error).mean() == pytest.approx(share)


def test_photos_of_one_confidence_are_answered_together():
    probs = np.tile(np.array([[0.8, 0.2]], np.float32), (400, 1))
    labels = (np.arange(400) % 20 == 0).astype(np.int32)
    sure = learn_abstention(probs, labels, folds(400))
    assert sure.share(0.05) == 0.0
    assert sure.share(0.1) == 1.0


def test_one_photo_promises_nothing():
    sure = learn_abstention(np.array([[1.0, 0.0]], np.float32), np.zeros(1, np.int32), np.zeros(1, np.int8))
    assert sure.lowest == math.inf


def test_arrays_that_do_not_fit_are_refused():
    probs, labels = drawn(10, np.random.default_rng(0))
    with pytest.raises(FovealError, match="folds"):
        learn_abstention(probs, labels, folds(9))
    with pytest.raises(FovealError, match="finite"):
        learn_abstention(probs * np.nan, labels, folds(10))
