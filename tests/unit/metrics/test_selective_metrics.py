from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics.selective import (
    answerable_share,
    area_under_risk_coverage,
    excess_area,
    risk_coverage,
    thinned,
)


def two_class(confidence, right):
    """Probabilities of two classes and labels such that the photo is right or wrong."""
    sure = np.array(confidence)
    return np.where(np.array(right, bool), 0, 1), np.stack([sure, 1 - sure], axis=1)


photos = st.lists(st.tuples(st.sampled_from([0.55, 0.7, 0.8, 0.9]), st.booleans()), min_size=1, max_size=6)


def test_a_curve_worked_out_by_hand():
    given_photos = two_class([0.9, 0.8, 0.8, 0.6], [1, 0, 1, 0])
    curve = risk_coverage(*given_photos)
    np.testing.assert_allclose(curve.answered, [0.25, 0.75, 1])
    np.testing.assert_allclose(curve.error, [0, 1 / 3, 0.5])
    np.testing.assert_allclose(curve.confidence, [0.9, 0.8, 0.6])
    # The two of 0.8 count half a mistake each: (0 + 0.5/2 + 1/3 + 2/4) / 4.
    assert area_under_risk_coverage(*given_photos) == pytest.approx((0.25 + 1 / 3 + 0.5) / 4)
    # Best: both right ones first, (0 + 0 + 1/3 + 2/4) / 4.
    assert excess_area(*given_photos) == pytest.approx(0.25 / 4)
    assert [answerable_share(*given_photos, error) for error in (0.0, 0.34, 0.49, 0.5)] == [0.25, 0.75, 0.75, 1]


@given(photos)
def test_the_area_is_the_mean_over_all_orders_of_equals(pairs):
    confidence, right = zip(*pairs, strict=True)
    orders = [
        order
        for order in itertools.permutations(range(len(pairs)))
        if all(confidence[a] >= confidence[b] for a, b in itertools.pairwise(order))
    ]
    areas = []
    for order in orders:
        wrong = np.array([not right[each] for each in order])
        areas.append((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())
    assert area_under_risk_coverage(*two_class(confidence, right)) == pytest.approx(np.mean(areas))


@given(photos)
def test_a_perfect_order_has_no_excess(pairs):
    confidence, right = zip(*pairs, strict=True)
    labels, probs = two_class(confidence, right)
    assert excess_area(labels, probs) >= 0
    best = two_class(np.linspace(0.9, 0.6, len(pairs)), sorted(right, reverse=True))
    assert excess_area(*best) == pytest.approx(0, abs=1e-12)
    assert area_under_risk_coverage(*best) == pytest.approx(
        area_under_risk_coverage(labels, probs) - excess_area(labels, probs), abs=1e-12
    )


def test_the_excess_is_near_the_published_limit_for_many_photos():
    rng = np.random.default_rng(0)
    labels, probs = two_class(rng.uniform(0.5, 1, 20_000), rng.random(20_000) < 0.8)
    error = 0.2
    best = error + (1 - error) * np.log(1 - error)
    found = area_under_risk_coverage(labels, probs) - excess_area(labels, probs)
    assert found == pytest.approx(best, abs=0.005)


def test_a_thin_curve_keeps_its_ends():
    rng = np.random.default_rng(0)
    curve = risk_coverage(*two_class(rng.uniform(0.5, 1, 5000), rng.random(5000) < 0.9))
    thin = thinned(curve, 100)
    assert len(thin.answered) <= 100
    assert thin.answered[0] == curve.answered[0]
    assert thin.answered[-1] == 1
    assert (np.diff(thin.answered) > 0).all()
    whole = dict(zip(curve.answered.tolist(), curve.error.tolist(), strict=True))
    assert all(whole[share] == error for share, error in zip(thin.answered.tolist(), thin.error.tolist(), strict=True))
    assert thinned(thin, 100) is thin


def test_wrong_arguments_are_refused():
    given_photos = two_class([0.9], [1])
    with pytest.raises(FovealError, match="points"):
        thinned(risk_coverage(*given_photos), 1)
    with pytest.raises(FovealError, match="max_error"):
        answerable_share(*given_photos, 1.5)
    with pytest.raises(FovealError, match="photos"):
        risk_coverage([], np.zeros((0, 2)))
