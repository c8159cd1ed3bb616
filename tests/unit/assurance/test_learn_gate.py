from __future__ import annotations

import numpy as np
import pytest

from foveal.assurance.gate import learn_gate
from foveal.assurance.gate_axes import main_axes, seen_from, spread_out
from foveal.assurance.gate_held_out import held_out, learnt_from
from foveal.assurance.gate_threshold import FALSE_ALARMS, share_of, threshold_of
from foveal.metrics.detection import auroc
from foveal.probes.workers import one_blas_thread
from foveal.trust.gate_distance import unit_roots

COLUMNS = 60


@pytest.fixture(autouse=True)
def _in_one_thread():
    with one_blas_thread():  # as every fit does
        yield


def world(n, *, classes=4, seed=0, strange=False):
    """Activations that are not negative around a mean for each class, what a head would say, labels and folds."""
    middles = np.random.default_rng(7).gamma(1.0, 1.0, (classes + 1, COLUMNS))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n).astype(np.int32)
    labels[:classes] = np.arange(classes)
    around = middles[-1] if strange else middles[labels]
    features = (around * rng.gamma(8.0, 1 / 8, (n, COLUMNS))).astype(np.float16)
    logits = np.zeros((n, classes), np.float32) if strange else 4 * np.eye(classes, dtype=np.float32)[labels]
    logits = (logits + rng.normal(size=logits.shape)).astype(np.float32)
    return features, labels, logits, (rng.permutation(n) % 5).astype(np.int8)


@pytest.mark.parametrize("n", [40, 300, 2400])
def test_the_unknown_is_told_apart_and_the_known_let_through(n):
    learnt = learn_gate(*world(n))
    new, _, new_logits, _ = world(2000, seed=1)
    other, _, other_logits, _ = world(500, seed=2, strange=True)
    known, unknown = learnt.gate.scores(new, new_logits), learnt.gate.scores(other, other_logits)
    assert auroc(known, unknown) > 0.98
    assert (known > learnt.gate.threshold).mean() < 0.04
    assert (unknown > learnt.gate.threshold).mean() > 0.8


def test_out_of_fold_scores_are_where_new_ones_are():
    for n in (60, 200, 900, 2400):
        learnt = learn_gate(*world(n))
        new, _, new_logits, _ = world(2000, seed=1)
        scores = learnt.gate.scores(new, new_logits)
        assert abs(np.median(scores) - np.median(learnt.scores)) < 0.4
        assert learnt.scores.shape == (n,)


def test_a_score_does_not_depend_on_the_photo_itself():
    features, labels, logits, folds = world(200)
    before = learn_gate(features, labels, logits, folds).scores
    odd = features.copy()
    odd[0, :30] = 0
    after = learn_gate(odd, labels, logits, folds).scores
    assert after[0] > before[0] + 1  # it lies elsewhere than the photos it is measured by
    assert np.argmax(after) == 0


def test_the_same_photos_give_the_same_gate():
    first, again = learn_gate(*world(300)), learn_gate(*world(300))
    assert all(np.array_equal(first.gate.arrays()[name], array) for name, array in again.gate.arrays().items())


def test_a_class_that_stands_in_one_fold_alone_is_no_obstacle():
    features, labels, logits, folds = world(200)
    folds[labels == 3] = 2
    assert learn_gate(features, labels, logits, folds).gate is not None


def test_as_many_classes_as_photos():
    features, _, _, folds = world(60)
    labels = np.arange(60, dtype=np.int32)
    learnt = learn_gate(features, labels, np.zeros((60, 60), np.float32), folds)
    assert np.isfinite(learnt.scores).all()


def test_no_raw_features_are_kept():
    features, labels, logits, folds = world(300)
    arrays = learn_gate(features, labels, logits, folds).gate.arrays()
    assert sum(array.nbytes for array in arrays.values()) < 100_000
    assert not any(array.ndim and len(array) == 300 for array in arrays.values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f, y, z, k: (f[:19], y[:19], z[:19], k[:19]), "too few"),
        (lambda f, y, z, k: (f[:0], y[:0], z[:0], k[:0]), "too few"),
        (lambda f, y, z, k: (f, y, z, np.zeros_like(k)), "one fold"),
        (lambda f, y, z, k: (np.ones_like(f), y, z, k), "hardly differ"),
        (lambda f, y, z, k: (np.full_like(f, np.nan), y, z, k), "not finite"),
    ],
)
def test_where_no_gate_is_sensible_it_says_why(change, reason):
    learnt = learn_gate(*change(*world(100)))
    assert learnt.gate is None
    assert reason in learnt.reason
    assert learnt.scores.size == 0


def test_lopsided_folds_leave_enough_to_learn_from():
    features, labels, logits, folds = world(100)
    folds[:] = np.r_[np.zeros(45), np.ones(45), np.full(10, 2)]
    assert len(learnt_from(folds, twice=True)) == 4
    assert learn_gate(features, labels, logits, folds).gate is not None


def test_distances_are_brought_to_what_all_photos_would_give():
    folds = (np.arange(50) % 5).astype(np.int8)
    photos = {1: 50, 2: 40, 3: 30}
    learns = learnt_from(folds, twice=True)
    distances = np.array([np.full(50, 1 + 10 / rows.sum()) for rows in learns], np.float32)
    assert sorted({int(rows.sum()) for rows in learns}) == sorted(photos.values())
    np.testing.assert_allclose(held_out(distances, folds), 1.2, atol=1e-5)


def test_without_a_second_fold_left_out_distances_stay():
    folds = (np.arange(50) % 5).astype(np.int8)
    distances = np.arange(6, dtype=np.float32)[:, None].repeat(50, axis=1)
    np.testing.assert_array_equal(held_out(distances, folds), 1 + folds)


def test_threshold_is_the_conformal_one():
    scores = np.random.default_rng(0).permutation(999).astype(np.float32)
    assert threshold_of(scores, 0.02) == 979  # the 980th smallest of 999
    assert threshold_of(scores, 0.001) == 998


def test_few_photos_are_turned_away_less():
    scores = np.random.default_rng(0).normal(size=30).astype(np.float32)
    assert threshold_of(scores, share_of(30)) > scores.max()
    assert share_of(20) < share_of(200) < share_of(20000) < FALSE_ALARMS


def test_false_alarms_keep_to_the_share_asked_for():
    rng = np.random.default_rng(0)
    alarms = [np.mean(rng.normal(size=2000) > threshold_of(rng.normal(size=400), 0.02)) for _ in range(300)]
    assert 0.015 < np.mean(alarms) <= 0.021


def test_axes_are_those_of_the_exact_decomposition():
    roots = unit_roots(world(400)[0])
    axes = main_axes(roots, 8)
    np.testing.assert_allclose(axes.basis.T @ axes.basis, np.eye(8), atol=1e-5)
    moved = roots - roots.mean(axis=0)
    exact = (np.linalg.svd(moved, compute_uv=False)[:8] ** 2).sum()
    assert ((moved @ axes.basis) ** 2).sum() > 0.97 * exact
    (coordinates,), (squares,) = seen_from(world(400)[0], [axes])
    np.testing.assert_allclose(coordinates, moved @ axes.basis, atol=1e-5)
    np.testing.assert_allclose(squares, (moved**2).sum(axis=1), rtol=1e-3)


def test_a_sample_keeps_the_shares_of_the_classes():
    labels = np.repeat(np.arange(3), (100, 300, 600)).astype(np.int32)
    chosen = spread_out(labels, 100)
    assert len(np.unique(chosen)) == 100
    assert np.abs(np.bincount(labels[chosen]) - (10, 30, 60)).max() <= 1
    np.testing.assert_array_equal(spread_out(labels, 1000), np.arange(1000))
