from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics import inputs
from foveal.metrics.areas import class_areas, macro_roc_auc, micro_areas, over_classes, weighted_pr_auc
from foveal.metrics.calibration import softmax
from foveal.metrics.ranking import rank


def example(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    return labels, softmax(rng.normal(size=(n, classes)).round(1) + np.eye(classes)[labels])


def test_counts_by_hand() -> None:
    # Positives 3, 2, 2; others 3, 2, 1, 2.5, 4.
    ranking = rank(np.array([3.0, 2.0, 2.0]), np.array([3.0, 2.0, 1.0, 2.5, 4.0]))
    assert ranking.positives.tolist() == [2, 1]
    assert ranking.ties.tolist() == [1, 1]
    assert ranking.gaps.tolist() == [1, 1, 1]
    assert ranking.below().tolist() == [1.5, 3.5]
    assert ranking.roc_auc() == pytest.approx((2 * 1.5 + 3.5) / 15)
    # From 3 on one of three is a positive, from 2 on three of seven.
    assert ranking.average_precision() == pytest.approx(1 / 3 * 1 / 3 + 2 / 3 * 3 / 7)


def test_classes_without_photos_have_no_area_and_leave_the_averages_alone() -> None:
    labels, probs = example(90, 3, 0)
    wider = np.concatenate([probs, np.full((90, 2), 0.001)], axis=1)
    found = class_areas(labels, wider)
    assert np.isnan(found.roc_auc[3:]).all()
    assert np.isnan(found.pr_auc[3:]).all()
    assert macro_roc_auc(labels, wider) == macro_roc_auc(labels, probs)
    assert weighted_pr_auc(labels, wider) == weighted_pr_auc(labels, probs)


def test_one_class_alone() -> None:
    found = class_areas([0, 0], np.array([[0.7, 0.3], [0.6, 0.4]]))
    assert np.isnan(found.roc_auc).all()
    assert found.pr_auc[0] == 1
    assert np.isnan(found.macro_error)
    assert np.isnan(over_classes(found.roc_auc))


def test_error_is_that_of_delong_with_an_imagined_photo_of_each_kind() -> None:
    labels, probs = example(60, 2, 3)
    own, rest = probs[labels == 0, 0], probs[labels == 1, 0]
    above = (own[:, None] > rest) + 0.5 * (own[:, None] == rest)
    area = above.mean()
    more = area * (1 - area)
    by_own, by_rest = above.mean(axis=1), above.mean(axis=0)
    variance = sum((((each - area) ** 2).sum() + more) / len(each) ** 2 for each in (by_own, by_rest))
    found = class_areas(labels, probs)
    assert found.roc_auc[0] == pytest.approx(area, abs=1e-12)
    assert found.roc_error[0] == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_error_of_the_mean_matches_resampling() -> None:
    labels, probs = example(300, 4, 5)
    rng = np.random.default_rng(0)
    means = [macro_roc_auc(labels[rows], probs[rows]) for rows in rng.integers(0, 300, (300, 300))]
    assert class_areas(labels, probs).macro_error == pytest.approx(np.std(means), rel=0.15)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probs = example(101, 40, 2)
    whole = (class_areas(labels, probs).roc_auc, micro_areas(labels, probs))
    monkeypatch.setattr(inputs, "BLOCK_NUMBERS", 90)
    monkeypatch.setattr("foveal.metrics.areas._COLUMNS", 7)
    np.testing.assert_array_equal(class_areas(labels, probs).roc_auc, whole[0])
    assert micro_areas(labels, probs) == whole[1]


def test_refusals() -> None:
    with pytest.raises(FovealError, match="2 labels"):
        class_areas([0], np.full((2, 2), 0.5))
    with pytest.raises(FovealError, match="floating-point"):
        micro_areas([0, 1], np.eye(2, dtype=int))
