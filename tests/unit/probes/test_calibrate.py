from __future__ import annotations

import json

import numpy as np
import pytest

from foveal.metrics.calibration import softmax
from foveal.metrics.classification import macro_f1
from foveal.probes.calibrate import calibrate


def drawn(photos, temperature, *, seed=0, classes=4):
    """Logits whose softmax at `temperature` is the truth, labels drawn from it, and folds."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(photos, classes)).astype(np.float32) * 3
    probs = softmax(logits, temperature)
    labels = np.array([rng.choice(classes, p=row / row.sum()) for row in probs.astype(np.float64)], np.int32)
    return logits, labels, (np.arange(photos) % 5).astype(np.int8)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature):
    logits, labels, folds = drawn(4000, temperature)
    found = calibrate(logits, labels, folds)
    assert found.temperature == pytest.approx(temperature, rel=0.08)
    assert found.tau == 0
    assert (found.shift == 0).all()
    np.testing.assert_allclose(found.out_of_fold, softmax(logits, temperature), atol=0.05)
    np.testing.assert_allclose(found.out_of_fold.sum(axis=1), 1, atol=1e-5)


def test_a_fold_is_calibrated_on_the_others_only():
    logits, labels, folds = drawn(500, 1.5)
    before = calibrate(logits, labels, folds, balance="none").out_of_fold
    held = folds == 3
    other = labels.copy()
    other[held] = (other[held] + 1) % 4
    after = calibrate(logits, other, folds, balance="none").out_of_fold
    np.testing.assert_array_equal(after[held], before[held])
    assert np.abs(after[~held] - before[~held]).max() > 1e-3


def imbalanced(separation, *, photos=2000, rare=0.03, seed=0):
    """Logits of an ideal classifier that knows the class shares: rare classes are answered too seldom."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(photos) < rare).astype(np.int32)
    evidence = rng.normal(size=photos) + separation * (labels - 0.5)
    odds = separation * evidence + np.log(rare / (1 - rare))
    logits = np.stack([np.zeros(photos), odds], axis=1).astype(np.float32)
    return logits, labels, (np.arange(photos) % 5).astype(np.int8)


def test_rare_classes_are_helped_where_it_pays():
    logits, labels, folds = imbalanced(2.0)
    found = calibrate(logits, labels, folds)
    assert found.tau > 0
    assert found.shift[1] > found.shift[0]
    assert found.shift.mean() == pytest.approx(0, abs=1e-6)
    before = macro_f1(labels, logits.argmax(axis=1))
    after = macro_f1(labels, (logits + found.shift).argmax(axis=1))
    assert after >= before + 0.01


@pytest.mark.parametrize("separation", [8.0])
def test_rare_classes_that_are_recognised_need_no_help(separation):
    logits, labels, folds = imbalanced(separation)
    found = calibrate(logits, labels, folds)
    assert found.tau == 0
    assert (found.shift == 0).all()


def test_help_can_be_refused():
    logits, labels, folds = imbalanced(2.0)
    found = calibrate(logits, labels, folds, balance="none")
    assert found.tau == 0
    assert (found.shift == 0).all()


def test_even_classes_are_never_shifted():
    logits, labels, folds = drawn(400, 1.0)
    labels = (np.arange(400) % 4).astype(np.int32)
    assert (calibrate(logits, labels, folds).shift == 0).all()


def test_a_class_without_photos_stays_finite():
    logits, labels, folds = drawn(200, 1.0)
    labels[labels == 3] = 0
    found = calibrate(logits, labels, folds)
    assert np.isfinite(found.shift).all()
    assert np.isfinite(found.out_of_fold).all()


def test_it_gives_the_same_twice():
    logits, labels, folds = imbalanced(2.0)
    first, second = calibrate(logits, labels, folds), calibrate(logits, labels, folds)
    np.testing.assert_array_equal(first.out_of_fold, second.out_of_fold)
    assert (first.temperature, first.tau) == (second.temperature, second.tau)


def per_class(photos, *, seed=0, classes=4):
    """Logits whose truth needs another factor and shift for each class, labels drawn from it, and folds."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(photos, classes)).astype(np.float32) * 3
    honest = logits * np.linspace(0.4, 1.6, classes) + np.linspace(-1, 1, classes)
    labels = (honest + rng.gumbel(size=honest.shape)).argmax(axis=1).astype(np.int32)
    return logits, labels, (np.arange(photos) % 5).astype(np.int8), honest


def test_classes_that_need_their_own_get_vector_scaling():
    logits, labels, folds, honest = per_class(4000)
    found = calibrate(logits, labels, folds)
    assert found.method == "vector"
    assert [trial.method for trial in found.trials] == ["none", "temperature", "vector"]
    assert found.trials[2].log_loss < found.trials[1].log_loss < found.trials[0].log_loss
    np.testing.assert_allclose(found.scale / found.temperature, np.linspace(0.4, 1.6, 4), atol=0.15)
    probs = softmax((logits * found.scale + found.shift) / found.temperature)
    assert np.abs(probs - softmax(honest)).mean() < 0.02
    np.testing.assert_allclose(found.out_of_fold, probs, atol=0.05)


def test_vector_scaling_too_learns_a_fold_from_the_others_only():
    logits, labels, folds, _ = per_class(3000)
    before = calibrate(logits, labels, folds, balance="none")
    held = folds == 3
    other = labels.copy()
    other[np.flatnonzero(held)[:20]] = 0
    after = calibrate(logits, other, folds, balance="none")
    assert before.method == after.method == "vector"
    np.testing.assert_array_equal(after.out_of_fold[held], before.out_of_fold[held])


@pytest.mark.parametrize("seed", range(5))
def test_one_temperature_for_all_is_left_at_that(seed):
    logits, labels, folds = drawn(1000, 1.5, seed=seed)
    found = calibrate(logits, labels, folds)
    assert found.method == "temperature"
    assert (found.scale == 1).all()


def test_honest_logits_are_seldom_made_much_different():
    logits, labels, folds = drawn(2000, 1.0)
    found = calibrate(logits, labels, folds)
    assert found.method in ("none", "temperature")
    assert found.temperature == pytest.approx(1, abs=0.08)
    if found.method == "none":
        np.testing.assert_array_equal(found.out_of_fold, softmax(logits))


def test_the_map_is_what_the_docstring_says():
    for logits, labels, folds in (drawn(500, 2.0), imbalanced(2.0), per_class(2000)[:3]):
        found = calibrate(logits, labels, folds)
        probs = softmax((logits * found.scale + found.shift) / found.temperature)
        assert np.abs(probs - found.out_of_fold).mean() < 0.02
        assert found.scale.dtype == found.shift.dtype == found.out_of_fold.dtype == np.float32


def test_vector_scaling_is_not_tried_on_few_photos_many_classes_or_beside_help():
    tried = [[trial.method for trial in calibrate(*each).trials] for each in (drawn(79, 1.0), imbalanced(2.0))]
    assert tried == [["none", "temperature"]] * 2
    rng = np.random.default_rng(0)
    many = rng.normal(size=(6000, 100)).astype(np.float32)
    labels = many.argmax(axis=1).astype(np.int32)
    found = calibrate(many, labels, (np.arange(6000) % 2).astype(np.int8), balance="none")
    assert [trial.method for trial in found.trials] == ["none", "temperature"]


def test_the_record_is_plain():
    record = calibrate(*drawn(300, 1.5)).record()
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["method", "temperature", "tau", "trials"]
    assert list(record["trials"][0]) == ["method", "log_loss", "ece"]
