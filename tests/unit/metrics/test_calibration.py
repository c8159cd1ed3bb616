from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics import inputs
from foveal.metrics.calibration import (
    adaptive_calibration_error,
    expected_calibration_error,
    fit_temperature,
    reliability_table,
    softmax,
)
from foveal.metrics.classification import log_loss


def two_class(confidence: list[float]) -> np.ndarray:
    sure = np.array(confidence)
    return np.stack([sure, 1 - sure], axis=1)


def test_error_worked_out_by_hand() -> None:
    # Bins of 0.1. (0.5, 0.6]: 0.6 twice, one right: |0.6 - 0.5| = 0.1. (0.8, 0.9]: 0.85 and 0.9, both right:
    # |0.875 - 1| = 0.125. (0.9, 1]: 1.0 wrong: 1. Weighted: (2 × 0.1 + 2 × 0.125 + 1 × 1) / 5 = 0.29.
    probs = two_class([0.6, 0.6, 0.85, 0.9, 1.0])
    assert expected_calibration_error([0, 1, 0, 0, 1], probs, bins=10) == pytest.approx(0.29)


def test_table_leaves_out_empty_bins() -> None:
    table = reliability_table([0, 1, 0], two_class([0.6, 0.6, 0.95]), bins=10)
    assert table.photos.tolist() == [2, 1]
    assert table.accuracy.tolist() == [0.5, 1.0]
    np.testing.assert_allclose(table.confidence, [0.6, 0.95])
    np.testing.assert_allclose(table.low, [0.5, 0.9])
    np.testing.assert_allclose(table.high, [0.6, 1.0])


def test_equal_mass_bins_hold_as_many_photos_each() -> None:
    rng = np.random.default_rng(0)
    table = reliability_table(np.zeros(1000, int), two_class(list(rng.uniform(0.5, 1, 1000))), scheme="equal-mass")
    assert len(table.photos) == 15
    assert set(table.photos.tolist()) <= {66, 67}


@given(st.lists(st.sampled_from([0.5, 0.6, 0.75, 1.0]), min_size=1, max_size=40), st.integers(1, 20), st.randoms())
def test_order_does_not_matter_even_with_ties(confidence: list[float], bins: int, random: object) -> None:
    labels = np.arange(len(confidence)) % 2
    order = np.array(sorted(range(len(confidence)), key=lambda _: random.random()))  # type: ignore[attr-defined]
    probs = two_class(confidence)
    for error in (expected_calibration_error, adaptive_calibration_error):
        value = error(labels, probs, bins=bins)
        assert 0 <= value <= 1
        assert error(labels[order], probs[order], bins=bins) == pytest.approx(value)


def test_calibrated_probabilities_have_a_small_error() -> None:
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, 50_000)
    labels = (rng.random(50_000) > sure).astype(int)
    assert expected_calibration_error(labels, two_class(list(sure))) < 0.01
    assert adaptive_calibration_error(labels, two_class(list(sure))) < 0.01


@pytest.mark.parametrize("true_temperature", [0.2, 0.7, 1.0, 2.5, 8.0])
def test_a_known_temperature_is_recovered(true_temperature: float) -> None:
    rng = np.random.default_rng(2)
    honest = rng.normal(size=(20_000, 5)) * 2
    gumbel = rng.gumbel(size=honest.shape)
    labels = (honest + gumbel).argmax(axis=1)
    assert fit_temperature(honest * true_temperature, labels) == pytest.approx(true_temperature, rel=0.03)


@given(st.integers(2, 40), st.integers(2, 6), st.floats(0.01, 50), st.integers(0, 2**32 - 1))
def test_no_other_temperature_has_a_lower_loss(n: int, classes: int, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * scale
    labels = rng.integers(0, classes, n)
    best = fit_temperature(logits, labels)
    assert 0.05 <= best <= 20
    loss = log_loss(labels, softmax(logits, best))
    for other in np.geomspace(0.05, 20, 25):
        assert loss <= log_loss(labels, softmax(logits, other)) + 1e-7


def test_limits_of_the_temperature() -> None:
    always_right = np.eye(3)[[0, 1, 2]] * 5
    assert fit_temperature(always_right, [0, 1, 2]) == 0.05
    assert fit_temperature(always_right, [1, 2, 0]) == 20


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    whole = fit_temperature(logits, labels)
    monkeypatch.setattr(inputs, "BLOCK_NUMBERS", 12)
    assert fit_temperature(logits, labels) == pytest.approx(whole)


def test_softmax_is_safe_and_keeps_its_type() -> None:
    huge = np.array([[1e4, 0.0, -1e4]], dtype=np.float32)
    assert softmax(huge).tolist() == [[1, 0, 0]]
    assert softmax(huge).dtype == np.float32
    assert softmax(huge.astype(np.float64)).dtype == np.float64
    np.testing.assert_allclose(softmax(np.array([[0.0, np.log(3) * 2]]), 2.0), [[0.25, 0.75]])
    assert huge[0, 0] == 1e4


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_softmax_refuses_other_temperatures(temperature: float) -> None:
    with pytest.raises(FovealError, match="temperature above 0"):
        softmax(np.zeros((1, 2)), temperature)


def test_other_refusals() -> None:
    half = np.full((1, 2), 0.5)
    with pytest.raises(FovealError, match="1 or more bins"):
        expected_calibration_error([0], half, bins=0)
    with pytest.raises(FovealError, match="scheme"):
        reliability_table([0], half, scheme="other")  # type: ignore[arg-type]
    with pytest.raises(FovealError, match=r"logits \[n, C\]"):
        softmax(np.zeros(3))
    with pytest.raises(FovealError, match="finite"):
        fit_temperature(np.array([[np.inf, 0.0]]), [0])
