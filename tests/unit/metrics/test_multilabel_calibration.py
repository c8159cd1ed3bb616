from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from foveal.errors import FovealError
from foveal.metrics.multilabel import log_loss
from foveal.metrics.multilabel_calibration import fit_platt, sigmoid


def drawn(photos: int, temperature: float, shift: np.ndarray, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and targets drawn from sigmoid((logits + shift) / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(photos, len(shift))).astype(np.float32) * 3
    return logits, rng.random(logits.shape) < sigmoid((logits + shift) / temperature)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_a_known_temperature_and_known_shifts_are_found(temperature: float) -> None:
    shift = np.array([-2.0, 0.0, 1.0])
    found = fit_platt(*drawn(8000, temperature, shift))
    assert found.temperature == pytest.approx(temperature, rel=0.08)
    np.testing.assert_allclose(found.shift, shift, atol=0.25)


def test_one_class_is_scikit_learns_logistic_regression() -> None:
    logits, targets = drawn(3000, 2.0, np.array([0.5]))
    theirs = LogisticRegression(C=np.inf, tol=1e-8).fit(logits, targets[:, 0])
    found = fit_platt(logits, targets)
    assert 1 / found.temperature == pytest.approx(theirs.coef_[0, 0], rel=0.01)
    assert found.shift[0] / found.temperature == pytest.approx(theirs.intercept_[0], abs=0.01)


def test_nothing_near_is_better() -> None:
    logits, targets = drawn(400, 1.7, np.array([-1.0, 0.3, 2.0]))
    found = fit_platt(logits, targets)
    best = log_loss(targets, found.probs(logits))
    for factor in (0.8, 1.25):
        assert log_loss(targets, found._replace(temperature=found.temperature * factor).probs(logits)) > best
    for column in range(3):
        for step in (-0.5, 0.5):
            shift = found.shift.copy()
            shift[column] += step
            assert log_loss(targets, found._replace(shift=shift).probs(logits)) > best


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_always_right_or_always_wrong_stays_finite(sign: float) -> None:
    logits = np.linspace(-4, 4, 41, dtype=np.float32)[:, None] * np.float32(sign)
    targets = np.linspace(-4, 4, 41)[:, None] > 0
    found = fit_platt(np.hstack([logits, logits]), np.hstack([targets, targets & False]))
    assert 0.05 <= found.temperature <= 20
    assert np.isfinite(found.shift).all()
    probs = found.probs(np.hstack([logits, logits]))
    assert ((probs > 0) & (probs < 1)).all()
    assert probs[:, 1].max() < 0.2


def test_equal_logits_give_the_frequency() -> None:
    targets = np.arange(100)[:, None] < [10, 50]
    found = fit_platt(np.zeros((100, 2), np.float32), targets)
    np.testing.assert_allclose(found.probs(np.zeros((1, 2), np.float32))[0], [0.1, 0.5], atol=0.02)


def test_sigmoid_never_overflows() -> None:
    np.testing.assert_allclose(sigmoid(np.array([-1e4, 0.0, 1e4], np.float32)), [0, 0.5, 1])
    assert sigmoid(np.zeros(2, np.float32)).dtype == np.float32


def test_refusals() -> None:
    with pytest.raises(FovealError, match="finite logits"):
        fit_platt(np.full((3, 2), np.nan), np.zeros((3, 2), np.bool_))
    with pytest.raises(FovealError, match="finite logits"):
        fit_platt(np.zeros((3, 2)), np.zeros((3, 1), np.bool_))
