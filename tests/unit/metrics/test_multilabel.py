from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from foveal.errors import FovealError
from foveal.metrics import MULTI_LABEL_DIRECTIONS, MULTI_LABEL_METRICS, multi_label_metric
from foveal.metrics import multilabel as ours
from foveal.metrics.multilabel_intervals import bootstrap_map

TARGETS = np.random.default_rng(0).random((200, 6)) < np.linspace(0.05, 0.6, 6)
PERFECT = TARGETS.astype(np.float64)
WRONG = np.where(TARGETS, 0.01, 0.99)


@pytest.mark.parametrize("name", MULTI_LABEL_METRICS)
def test_perfect_probabilities_are_better_in_the_declared_direction(name: str) -> None:
    found = multi_label_metric(name)
    best, worse = found.function(TARGETS, PERFECT), found.function(TARGETS, WRONG)
    assert isinstance(best, float)
    if name == "coverage-error":
        assert best == pytest.approx(TARGETS.sum(axis=1).mean())
    else:
        assert best == pytest.approx(1.0 if found.better == "higher" else 0.0, abs=1e-9)
    assert best > worse if found.better == "higher" else best < worse


def test_every_metric_has_a_direction() -> None:
    assert list(MULTI_LABEL_METRICS) == list(MULTI_LABEL_DIRECTIONS)
    with pytest.raises(FovealError, match="hamming-loss") as caught:
        multi_label_metric("haming-loss")
    assert caught.value.code == "unknown-name"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 10**6), st.sampled_from([2, 5, 1000]))
def test_figures_are_scikit_learns(photos: int, classes: int, seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.random((photos, classes)) < rng.uniform(0, 1, classes)
    probs = (rng.integers(0, levels, (photos, classes)) + 0.25) / levels
    chosen = probs >= 0.5
    each = ours.average_precision(targets, probs)
    present = targets.any(axis=0)
    np.testing.assert_array_equal(np.isnan(each), ~present)
    for column in np.flatnonzero(present):
        assert each[column] == pytest.approx(theirs.average_precision_score(targets[:, column], probs[:, column]))
    assert ours.micro_f1(targets, probs) == pytest.approx(
        theirs.f1_score(targets.ravel(), chosen.ravel(), zero_division=1.0)
    )
    spoken = targets.any(axis=0) | chosen.any(axis=0)
    if spoken.any():
        expected = theirs.f1_score(targets[:, spoken], chosen[:, spoken], average="macro", zero_division=0.0)
        if spoken.sum() == 1:
            expected = theirs.f1_score(targets[:, spoken].ravel(), chosen[:, spoken].ravel(), zero_division=0.0)
        assert ours.macro_f1(targets, chosen) == pytest.approx(expected)
    assert ours.hamming_loss(targets, chosen) == pytest.approx(theirs.hamming_loss(targets.ravel(), chosen.ravel()))
    assert ours.subset_accuracy(targets, probs) == pytest.approx((targets == chosen).all(axis=1).mean())
    assert ours.log_loss(targets, probs) == pytest.approx(
        theirs.log_loss(targets.ravel(), probs.ravel(), labels=[False, True])
    )
    if classes > 1:
        assert ours.coverage_error(targets, probs) == pytest.approx(theirs.coverage_error(targets, probs))


def test_precision_and_recall_are_scikit_learns() -> None:
    chosen = np.random.default_rng(1).random(TARGETS.shape) < 0.4
    scores = ours.decision_scores(TARGETS, chosen)
    precision, recall, f1, photos = theirs.precision_recall_fscore_support(TARGETS, chosen, zero_division=0.0)
    np.testing.assert_allclose(scores.precision, precision)
    np.testing.assert_allclose(scores.recall, recall)
    np.testing.assert_allclose(scores.f1, f1)
    np.testing.assert_array_equal(scores.photos, photos)


def test_equal_probabilities_in_any_order() -> None:
    targets = np.array([[1], [0], [1], [0]], np.bool_)
    for order in ([0, 1, 2, 3], [1, 0, 3, 2]):
        assert ours.average_precision(targets[order], np.full((4, 1), 0.3))[0] == 0.5


def test_calibration_error_by_hand() -> None:
    targets = np.array([[True, False], [False, False]])
    probs = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert ours.expected_calibration_error(targets, probs) == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    rng = np.random.default_rng(0)
    honest = rng.random((4000, 5))
    assert ours.expected_calibration_error(rng.random((4000, 5)) < honest, honest) < 0.02


def test_interval_covers_about_as_promised() -> None:
    rng = np.random.default_rng(0)

    def sample(photos: int) -> tuple[np.ndarray, np.ndarray]:
        targets = rng.random((photos, 4)) < 0.06
        return targets, 1 / (1 + np.exp(-(rng.normal(size=(photos, 4)) + 1.5 * targets)))

    truth = ours.mean_average_precision(*sample(100_000))
    found = [bootstrap_map(*sample(150)) for _ in range(60)]
    assert np.mean([low <= truth <= high for low, high, _ in found]) >= 0.85
    assert 0.1 < np.mean([high - low for low, high, _ in found]) < 0.4
    assert found[0].method == "bootstrap over photos less its bias, 95 %"


def test_interval_keeps_its_seed_and_survives_rare_classes() -> None:
    targets = np.zeros((30, 2), np.bool_)
    targets[0, 0] = targets[:9, 1] = True
    probs = np.random.default_rng(0).random((30, 2))
    first = bootstrap_map(targets, probs)
    assert first == bootstrap_map(targets, probs)
    assert first != bootstrap_map(targets, probs, seed=1)
    assert 0 <= first.low <= ours.mean_average_precision(targets, probs) <= first.high <= 1


def test_draws_weigh_photos_as_repeating_them_would(monkeypatch: pytest.MonkeyPatch) -> None:
    from foveal.metrics import multilabel_intervals as module

    rng = np.random.default_rng(2)
    targets, probs = rng.random(40) < 0.4, rng.integers(0, 9, 40) / 9
    counts = rng.multinomial(40, np.full(40, 1 / 40), size=5)
    found = module._Ranked(targets, probs).average_precision(counts)
    for row, count in zip(found, counts, strict=True):
        again = np.repeat(np.arange(40), count)
        assert row == pytest.approx(theirs.average_precision_score(targets[again], probs[again]))


@pytest.mark.parametrize(
    ("targets", "probs", "said"),
    [
        (np.zeros((0, 2), np.bool_), np.zeros((0, 2)), "1 or more photos"),
        (np.zeros((3, 2), np.bool_), np.zeros((3, 3)), "1 or more photos"),
        (np.zeros((3, 2), np.bool_), np.zeros((3, 2), np.int64), "floating-point"),
        (np.zeros((3, 2), np.bool_), np.full((3, 2), np.nan), "could not be read"),
        (np.full((3, 2), 2), np.zeros((3, 2)), "true and false"),
        (np.zeros((3, 2)), np.zeros((3, 2)), "true and false"),
    ],
)
def test_refusals(targets: np.ndarray, probs: np.ndarray, said: str) -> None:
    with warnings.catch_warnings(), pytest.raises(FovealError, match=said) as caught:
        ours.average_precision(targets, probs)
    assert caught.value.code == "bad-value"


def test_refusals_of_decisions() -> None:
    with pytest.raises(FovealError, match="targets and decisions"):
        ours.hamming_loss(TARGETS, TARGETS[:5])
    with pytest.raises(FovealError, match="decisions of true and false"):
        ours.hamming_loss(TARGETS, np.full(TARGETS.shape, 2))
    with pytest.raises(FovealError, match="photos of one class or more"):
        ours.mean_average_precision(np.zeros((2, 2), np.bool_), np.zeros((2, 2)))
    assert ours.macro_f1(np.zeros((2, 2), np.bool_), np.zeros((2, 2))) == 1
