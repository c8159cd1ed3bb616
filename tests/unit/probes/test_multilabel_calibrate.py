from __future__ import annotations

import numpy as np
import pytest

from foveal.metrics.multilabel_calibration import sigmoid
from foveal.probes.multilabel_calibrate import calibrate_multilabel

SHIFT = np.array([-3.0, -1.0, 0.5], np.float32)


def drawn(photos, temperature=1.5, *, seed=0):
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(photos, 3)).astype(np.float32)
    targets = rng.random(logits.shape) < sigmoid((logits + SHIFT) / temperature)
    return logits, targets, (np.arange(photos) % 5).astype(np.int8)


def test_a_known_calibration_is_found():
    logits, targets, folds = drawn(6000)
    found = calibrate_multilabel(logits, targets, folds)
    assert found.temperature == pytest.approx(1.5, rel=0.1)
    np.testing.assert_allclose(found.shift, SHIFT, atol=0.3)
    np.testing.assert_allclose(found.out_of_fold, sigmoid((logits + SHIFT) / 1.5), atol=0.06)
    assert ((found.thresholds > 0.2) & (found.thresholds < 0.5)).all()
    assert np.mean(found.decisions == (found.out_of_fold >= found.thresholds)) > 0.98


def test_a_fold_is_calibrated_and_decided_by_the_others_only():
    logits, targets, folds = drawn(300)
    before = calibrate_multilabel(logits, targets, folds)
    held = folds == 3
    other = targets.copy()
    other[held] = ~other[held]
    after = calibrate_multilabel(logits, other, folds)
    np.testing.assert_array_equal(after.out_of_fold[held], before.out_of_fold[held])
    np.testing.assert_array_equal(after.decisions[held], before.decisions[held])
    assert np.abs(after.out_of_fold[~held] - before.out_of_fold[~held]).max() > 1e-3
    assert (after.thresholds != before.thresholds).any()


def test_thresholds_can_be_left_at_one_half():
    logits, targets, folds = drawn(300)
    found = calibrate_multilabel(logits, targets, folds, balance="none")
    assert (found.thresholds == 0.5).all()
    np.testing.assert_array_equal(found.decisions, found.out_of_fold >= 0.5)


def test_a_class_missing_from_the_other_folds_stays_finite():
    logits, targets, folds = drawn(100)
    targets[:, 0] = folds == 2
    targets[:, 1] = False
    found = calibrate_multilabel(logits, targets, folds)
    assert np.isfinite(found.out_of_fold).all()
    assert np.isfinite(found.shift).all()
    assert np.isfinite(found.thresholds).all()
