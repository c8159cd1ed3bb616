from __future__ import annotations

import numpy as np
import pytest

from foveal.metrics.calibration import softmax
from foveal.metrics.classification import log_loss
from foveal.probes.vector_scaling import fit_vector


def example(n, seed=0, classes=5):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)).astype(np.float32) * 2
    factors, shifts = rng.uniform(0.6, 1.4, classes), rng.normal(size=classes) * 0.4
    labels = (logits * factors + shifts + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return logits, labels.astype(np.int32), factors, shifts


def test_known_factors_and_shifts_are_found():
    logits, labels, factors, shifts = example(20_000)
    found_factors, found_shifts = fit_vector(logits, labels, smoothing=0.0)
    np.testing.assert_allclose(found_factors, factors, atol=0.06)
    np.testing.assert_allclose(found_shifts - found_shifts.mean(), shifts - shifts.mean(), atol=0.08)


def test_it_is_the_penalised_optimum_as_scipy_finds_it():
    optimize = pytest.importorskip("scipy.optimize")
    logits, labels, _, _ = example(60)

    def objective(point):
        scaled = logits.astype(np.float64) * point[:5] + point[5:]
        loss = np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(60), labels]
        return loss.sum() + ((point[:5] - 1) ** 2).sum() / 0.125 + (point[5:] ** 2).sum() / 0.125

    expected = optimize.minimize(objective, np.r_[np.ones(5), np.zeros(5)], tol=1e-10).x
    np.testing.assert_allclose(np.r_[fit_vector(logits, labels, smoothing=0.0)], expected, atol=1e-3)


def test_few_photos_leave_it_near_the_temperature():
    logits, labels, _, _ = example(6)
    factors, shifts = fit_vector(logits, labels, smoothing=0.0)
    assert np.abs(factors - 1).max() < 0.4
    assert np.abs(shifts).max() < 0.3


def test_labels_that_are_always_right_stay_finite():
    logits = np.eye(4, dtype=np.float32)[np.arange(200) % 4] * 30
    factors, shifts = fit_vector(logits, (np.arange(200) % 4).astype(np.int32), smoothing=1 / 202)
    assert np.isfinite(factors).all()
    assert np.isfinite(shifts).all()


def test_it_lowers_the_loss():
    logits, labels, _, _ = example(500, seed=3)
    factors, shifts = fit_vector(logits, labels, smoothing=0.0)
    assert log_loss(labels, softmax(logits * factors + shifts)) < log_loss(labels, softmax(logits))
