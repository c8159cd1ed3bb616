from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import blobs, problem_of
from sklearn.metrics import average_precision_score

from foveal.data.splits import choose_folds, stratified_folds
from foveal.errors import FovealError
from foveal.metrics.calibration import softmax
from foveal.probes import label_noise as module
from foveal.probes import mislabelling
from foveal.probes.axes import principal_axes
from foveal.probes.label_noise import LabelNoise, label_noise
from foveal.probes.mislabelling import evidence, fit_transitions, fit_uniform
from foveal.probes.problem import Problem
from foveal.probes.select import select
from foveal.probes.trusted_means import trusted_means


def judged(features, labels, *, classes=None, folds=5):
    """A problem and its out-of-fold logits, as a fit has them."""
    problem, _ = problem_of(features, labels, folds=folds)
    classes = classes or problem.classes
    problem = Problem(problem.coordinates, problem.variances, labels, classes, problem.folds)
    return problem, select({"x": lambda: principal_axes(features)}, labels, problem.folds, classes=classes).out_of_fold


def flipped(labels, classes, share, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(labels), round(share * len(labels)), replace=False)
    given_labels = labels.copy()
    given_labels[rows] = (labels[rows] + rng.integers(1, classes, len(rows))) % classes
    return given_labels.astype(np.int32)


def check_form(found: LabelNoise, photos: int, classes: int) -> None:
    assert found.score.shape == found.suggested.shape == found.wrong.shape == (photos,)
    assert (found.score.dtype, found.suggested.dtype, found.wrong.dtype) == (np.float32, np.int32, np.bool_)
    assert ((found.score >= 0) & (found.score <= 1)).all()
    assert ((found.suggested >= 0) & (found.suggested < classes)).all()
    assert 0 <= found.rate <= 1


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_labels_flipped_at_random_come_first(share):
    features, labels = blobs(800, 40, 5, spread=1.5)
    given_labels = flipped(labels, 5, share)
    is_wrong = given_labels != labels
    found = label_noise(*judged(features, given_labels))
    assert average_precision_score(is_wrong, found.score) > 0.93
    assert is_wrong[found.wrong].mean() > 0.9
    assert found.wrong[is_wrong].mean() > 0.7
    assert (found.suggested == labels)[is_wrong & found.wrong].mean() > 0.9
    assert found.rate == pytest.approx(share, rel=0.25)


def test_errors_between_two_classes_are_ranked_better_than_by_confidence():
    """A third of one class bears the label of another: the classifier half learns it, the model of errors sees it."""
    features, labels = blobs(900, 40, 6, spread=2)
    rng = np.random.default_rng(0)
    of_class = np.flatnonzero(labels == 2)
    given_labels = labels.copy()
    given_labels[rng.choice(of_class, len(of_class) // 3, replace=False)] = 4
    is_wrong = given_labels != labels
    problem, logits = judged(features, given_labels)
    found = label_noise(problem, logits)
    confidence = softmax(logits)[np.arange(len(labels)), given_labels]
    precision = average_precision_score(is_wrong, found.score)
    assert precision > average_precision_score(is_wrong, -confidence) + 0.02
    assert (found.suggested == labels)[is_wrong & found.wrong].mean() > 0.85


@pytest.mark.parametrize(("spread", "least", "most"), [(1.0, 0.95, 1.0), (3.5, 0.5, 0.6)])
def test_clean_labels_are_left_alone_however_hard_the_classes(spread, least, most):
    features, labels = blobs(800, 30, 5, spread=spread)
    problem, logits = judged(features, labels)
    found = label_noise(problem, logits)
    assert least <= np.mean(logits.argmax(axis=1) == labels) <= most
    assert found.wrong.mean() < 0.01
    assert found.rate < 0.05


def test_a_score_is_a_probability():
    features, labels = blobs(3000, 40, 6, spread=2.5)
    given_labels = flipped(labels, 6, 0.15)
    found = label_noise(*judged(features, given_labels))
    is_wrong = given_labels != labels
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1)):
        inside = (found.score >= low) & (found.score <= high)
        assert is_wrong[inside].mean() == pytest.approx(found.score[inside].mean(), abs=0.16)


def test_the_same_answer_twice_and_in_any_order():
    features, labels = blobs(300, 20, 4)
    problem, logits = judged(features, flipped(labels, 4, 0.1))
    first, again = label_noise(problem, logits), label_noise(problem, logits)
    assert (first.score == again.score).all()
    assert (first.suggested == again.suggested).all()
    order = np.random.default_rng(3).permutation(300)
    moved = Problem(problem.coordinates[order], problem.variances, problem.labels[order], 4, problem.folds[order])
    shuffled = label_noise(moved, logits[order])
    assert np.allclose(shuffled.score, first.score[order], atol=1e-3)
    assert (shuffled.suggested == first.suggested[order]).mean() > 0.99


def test_names_of_classes_do_not_matter():
    features, labels = blobs(300, 20, 4)
    problem, logits = judged(features, flipped(labels, 4, 0.1))
    names = np.array([2, 0, 3, 1], np.int32)
    renamed = Problem(problem.coordinates, problem.variances, names[problem.labels], 4, problem.folds)
    first, other = label_noise(problem, logits), label_noise(renamed, logits[:, np.argsort(names)])
    assert np.allclose(first.score, other.score, atol=1e-3)
    assert (names[first.suggested] == other.suggested).mean() > 0.99


def test_nothing_is_changed_that_was_passed_in():
    features, labels = blobs(100, 20, 4)
    problem, logits = judged(features, labels)
    before = logits.copy(), problem.coordinates.copy(), problem.labels.copy()
    label_noise(problem, logits)
    for old, new in zip(before, (logits, problem.coordinates, problem.labels), strict=True):
        assert (old == new).all()


@pytest.mark.parametrize(
    ("counts", "classes"),
    [((2, 2), 2), ((200, 2), 2), ((40, 40, 2, 1), 4), ((2,) * 30, 30), ((30, 30), 5)],
)
def test_few_photos_and_classes_without_any(counts, classes):
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    features, _ = blobs(len(labels), 12, len(counts), seed=4)
    found = label_noise(*judged(features, labels, classes=classes, folds=choose_folds(labels)))
    check_form(found, len(labels), classes)
    assert found.wrong.mean() <= 0.25


def test_photos_that_are_all_alike():
    labels = (np.arange(20) % 2).astype(np.int32)
    found = label_noise(*judged(np.ones((20, 8), np.float16), labels))
    check_form(found, 20, 2)
    assert not found.wrong.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.integers(2, 6), st.sampled_from([1e-4, 1.0, 100.0]), st.integers(0, 2**32 - 1))
def test_any_logits_give_scores(photos, classes, size, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, photos).astype(np.int32)
    coordinates = rng.normal(size=(photos, 3)).astype(np.float32)
    problem = Problem(
        coordinates, (coordinates**2).mean(axis=0), labels, classes, stratified_folds(labels, folds=2, seed=0)
    )
    logits = (size * rng.normal(size=(photos, classes))).astype(np.float32)
    check_form(label_noise(problem, logits), photos, classes)


def test_logits_of_other_photos_are_refused():
    features, labels = blobs(40, 10, 2)
    problem, logits = judged(features, labels)
    with pytest.raises(FovealError) as caught:
        label_noise(problem, logits[1:])
    assert caught.value.code == "bad-value"


def test_no_photo_has_a_say_in_its_own_second_opinion():
    features, labels = blobs(200, 30, 4)
    problem, _ = problem_of(features, labels)
    trust = np.full(200, 0.9, np.float32)
    held = problem.folds == 1
    other = np.where(held, (labels + 1) % 4, labels).astype(np.int32)
    changed = Problem(problem.coordinates, problem.variances, other, 4, problem.folds)
    before, after = trusted_means(problem, trust), trusted_means(changed, trust)
    assert np.allclose(before[held], after[held], rtol=1e-2, atol=1e-3 * np.abs(before).max())
    assert np.abs(before - after)[~held].max() > 0.1 * np.abs(before).max()


def test_distrusted_photos_do_not_move_the_means():
    features, labels = blobs(400, 20, 4)
    given_labels = flipped(labels, 4, 0.3)
    problem, _ = problem_of(features, given_labels)
    right = (given_labels == labels).astype(np.float32)
    knowing, naive = trusted_means(problem, right), trusted_means(problem, np.ones(400, np.float32))
    assert np.mean(knowing.argmax(axis=1) == labels) >= np.mean(naive.argmax(axis=1) == labels)


def drawn_logits(photos, classes, seed=0):
    """Calibrated logits, and true labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = (2.5 * rng.normal(size=(photos, classes))).astype(np.float32)
    believed = softmax(logits).astype(np.float64)
    cumulated = believed.cumsum(axis=1) / believed.sum(axis=1, keepdims=True)
    truth = (rng.random(photos)[:, None] > cumulated).sum(axis=1)
    return logits, np.minimum(truth, classes - 1).astype(np.int32)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_the_share_of_random_labels_is_found(share):
    logits, labels = drawn_logits(6000, 5)
    noise, temperature = fit_uniform(logits, flipped(labels, 5, share))
    assert noise * 4 / 5 == pytest.approx(share, abs=0.03)
    assert temperature == pytest.approx(1, abs=0.2)


def test_the_classes_mixed_up_are_found():
    logits, labels = drawn_logits(8000, 4)
    rng = np.random.default_rng(1)
    given_labels = np.where((labels == 1) & (rng.random(8000) < 0.3), 3, labels).astype(np.int32)
    transitions = fit_transitions(logits, given_labels, 0.0, 1.0)
    assert transitions[3, 1] == pytest.approx(0.3, abs=0.05)
    assert transitions.sum(axis=0) == pytest.approx(np.ones(4))
    assert np.diag(transitions)[[0, 2, 3]].min() > 0.95
    assert evidence(logits, given_labels, transitions, 0.0, 1.0) == 1
    clean = fit_transitions(logits, labels, 0.0, 1.0)
    assert evidence(logits, labels, clean, 0.0, 1.0) < 0.2


def test_many_logits_are_judged_from_a_part_of_them(monkeypatch):
    features, labels = blobs(600, 20, 4)
    problem, logits = judged(features, flipped(labels, 4, 0.1))
    whole = label_noise(problem, logits)
    monkeypatch.setattr(mislabelling, "_ENOUGH_LOGITS", 800)
    monkeypatch.setattr(module, "_TEMPERATURE_LOGITS", 800)
    part = label_noise(problem, logits)
    assert np.corrcoef(whole.score, part.score)[0, 1] > 0.97
