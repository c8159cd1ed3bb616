from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.trust.gate import UnknownGate, energy
from foveal.trust.gate_distance import Distance, unit_roots

COLUMNS, AXES, CLASSES = 37, 5, 3


def gate(seed=0, **changes):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(COLUMNS, AXES)))[0].astype(np.float32)
    distance = Distance(
        centre=unit_roots(rng.gamma(1, 1, (1, COLUMNS)))[0],
        basis=basis,
        whitening=np.tril(rng.normal(size=(AXES, AXES))).astype(np.float32),
        means=rng.normal(size=(CLASSES, AXES)).astype(np.float32),
        tail=np.array(0.4, np.float32),
    )
    made = UnknownGate(
        distance,
        usual=np.array([2, 0.5, -3, 1], np.float32),
        weight=np.array(0.5, np.float32),
        threshold=1.0,
        quantiles=np.linspace(-2, 4, 201, dtype=np.float32),
        photos=500,
    )
    return dataclasses.replace(made, **changes)


def photos(n, seed=1):
    rng = np.random.default_rng(seed)
    return rng.gamma(1, 1, (n, COLUMNS)).astype(np.float16), rng.normal(0, 3, (n, CLASSES)).astype(np.float32)


def test_distance_is_what_the_papers_say():
    own = gate().distance
    features, _ = photos(20)
    roots = np.sqrt(features.astype(np.float64))
    moved = roots / np.linalg.norm(roots, axis=1, keepdims=True) - own.centre
    coordinates = moved @ own.basis.astype(np.float64)
    apart = (coordinates @ own.whitening)[:, None] - own.means
    off = (moved**2).sum(axis=1) - (coordinates**2).sum(axis=1)
    expected = (apart**2).sum(axis=2).min(axis=1) / AXES + off / own.tail
    np.testing.assert_allclose(own.of(features), expected, rtol=2e-4)


def test_score_adds_distance_and_energy_in_their_spreads():
    features, logits = photos(20)
    logits[3], logits[4] = -100, 100
    far = (gate().distance.of(features) - 2) / 0.5
    unsure = (-np.log(np.exp(logits.astype(np.float64)).sum(axis=1)) + 3) / 1
    np.testing.assert_allclose(
        gate().scores(features, logits), far + 0.5 * np.clip(unsure, -3, 3), rtol=1e-3, atol=1e-3
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**16))
def test_a_photo_has_the_same_score_whatever_stands_beside_it(n, seed):
    made, (features, logits) = gate(), photos(n, seed)
    together = made.scores(features, logits)
    alone = [made.scores(features[row : row + 1], logits[row : row + 1])[0] for row in range(n)]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(made.scores(features[::-1], np.asfortranarray(logits)[::-1])[::-1], together)


@pytest.mark.parametrize("shape", [(2024, 64, 1), (2024, 64, 1000), (3, 1, 2)])
def test_so_it_is_for_gates_of_every_size(shape):
    columns, axes, classes = shape
    rng = np.random.default_rng(0)
    own = Distance(
        centre=np.zeros(columns, np.float32),
        basis=rng.normal(size=(columns, axes)).astype(np.float32),
        whitening=rng.normal(size=(axes, axes)).astype(np.float32),
        means=rng.normal(size=(classes, axes)).astype(np.float32),
        tail=np.array(1, np.float32),
    )
    features = rng.gamma(1, 1, (9, columns)).astype(np.float16)
    np.testing.assert_array_equal(own.of(features), [own.of(features[row : row + 1])[0] for row in range(9)])


def test_arrays_and_back():
    made = gate()
    again = UnknownGate.from_arrays(made.arrays())
    features, logits = photos(10)
    np.testing.assert_array_equal(again.scores(features, logits), made.scores(features, logits))
    assert (again.threshold, again.photos) == (made.threshold, made.photos)
    np.testing.assert_array_equal(again.quantiles, made.quantiles)


def test_unknown_is_above_the_threshold():
    features, logits = photos(200)
    scores = gate().scores(features, logits)
    made = gate(threshold=float(np.median(scores)))
    np.testing.assert_array_equal(made.unknown(features, logits), scores > made.threshold)
    reasons = made.reasons(features, logits)
    assert [reason is not None for reason in reasons] == made.unknown(features, logits).tolist()


def test_features_that_are_not_finite_are_unknown():
    features, logits = photos(3)
    features[0, 0], features[1, 0] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        scores = gate().scores(features, logits)
    assert scores[:2].tolist() == [np.inf, np.inf]
    assert np.isfinite(scores[2])


def test_no_photos_have_no_scores():
    features, logits = photos(0)
    assert gate().scores(features, logits).shape == (0,)
    assert gate().reasons(features, logits) == ()


def test_percentiles_count_the_training_photos_below():
    np.testing.assert_allclose(
        gate().percentiles(np.array([-9, -2, 1, 2.5, 4, 99], np.float32)), [0, 0, 50, 75, *[100 * 500 / 501] * 2]
    )


def test_reasons_tell_the_strange_from_the_undecided():
    features, logits = photos(2)
    far = gate(usual=np.array([0, 0.1, -3, 1], np.float32)).reasons(features, logits)
    assert {reason.code for reason in far} == {"nothing-like-it"}
    assert "any of the 500 training photos" in far[0].words
    middle = float(np.median(gate().distance.of(features)))
    unsure = gate(usual=np.array([middle, 50, -30, 1], np.float32), threshold=0.5, weight=np.array(1, np.float32))
    reasons = unsure.reasons(features, logits)
    assert {reason.code for reason in reasons} == {"fits-no-class"}
    assert "% of the training photos" in reasons[0].words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("basis", np.zeros((COLUMNS, AXES + 1), np.float32)),
        ("centre", np.full(COLUMNS, np.nan, np.float32)),
        ("means", np.zeros((0, AXES), np.float32)),
        ("whitening", np.zeros(AXES, np.float32)),
        ("tail", np.array(0, np.float32)),
        ("usual", np.array([0, 0, 0, 1], np.float32)),
        ("usual", np.zeros(3, np.float32)),
        ("weight", np.array(-1, np.float32)),
        ("threshold", np.array(np.nan)),
        ("quantiles", np.array([1, 0], np.float32)),
        ("quantiles", np.zeros(1, np.float32)),
        ("photos", np.array(0)),
    ],
)
def test_damaged_arrays_are_refused(name, value):
    with pytest.raises(FovealError, match="unknown gate") as caught:
        UnknownGate.from_arrays({**gate().arrays(), name: value})
    assert caught.value.code == "bad-value"
    assert "fit it again" in caught.value.hint


def test_energy_is_the_negative_log_of_the_summed_exponentials():
    logits = np.array([[0, 0], [1000, 0], [-1000, -1000]], np.float32)
    np.testing.assert_allclose(energy(logits), [-np.log(2), -1000, 1000 - np.log(2)], rtol=1e-6)


def test_a_row_of_zeros_stays_one():
    assert (unit_roots(np.zeros((1, 4), np.float16)) == 0).all()
