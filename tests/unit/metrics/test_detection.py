from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from foveal.errors import FovealError
from foveal.metrics.detection import aupr, auroc, detection_curve, fpr_at_tpr95

LISTS = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.5, 7.0]), min_size=1, max_size=40)


def truth(known, unknown):
    return np.r_[np.zeros(len(known)), np.ones(len(unknown))], np.r_[known, unknown]


@given(LISTS, LISTS)
def test_areas_equal_those_of_scikit_learn(known, unknown):
    labels, scores = truth(known, unknown)
    assert auroc(known, unknown) == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert aupr(known, unknown) == pytest.approx(average_precision_score(labels, scores), abs=1e-9)


@given(LISTS, LISTS)
def test_curve_and_fpr_equal_those_of_scikit_learn(known, unknown):
    labels, scores = truth(known, unknown)
    false_alarms, found, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    curve = detection_curve(known, unknown)
    np.testing.assert_allclose(curve.false_alarms, false_alarms, atol=1e-9)
    np.testing.assert_allclose(curve.found, found, atol=1e-9)
    np.testing.assert_array_equal(curve.thresholds, thresholds)
    assert fpr_at_tpr95(known, unknown) == pytest.approx(false_alarms[np.argmax(found >= 0.95)], abs=1e-9)


def test_continuous_scores_equal_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(size=2000), rng.normal(1, 2, 700)
    labels, scores = truth(known, unknown)
    assert auroc(known, unknown) == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert aupr(known, unknown) == pytest.approx(average_precision_score(labels, scores), abs=1e-9)


def test_infinite_scores_are_the_strangest():
    assert auroc([0.0, 1.0], [np.inf, np.inf]) == 1.0
    assert fpr_at_tpr95([0.0, np.inf], [np.inf]) == 0.5


def test_fewer_to_be_found_cost_fewer_alarms():
    known, unknown = [1.0, 2.0, 3.0, 4.0], [0.5, 2.5, 5.0, 6.0]
    assert fpr_at_tpr95(known, unknown) == 1.0
    assert fpr_at_tpr95(known, unknown, found=0.75) == 0.5
    assert fpr_at_tpr95(known, unknown, found=0.5) == 0.0


@pytest.mark.parametrize("known", [[], [[1.0]], ["a"], [np.nan]])
def test_what_are_not_numbers_is_refused(known):
    for function in (auroc, aupr, detection_curve, fpr_at_tpr95):
        with pytest.raises(FovealError, match="known"):
            function(known, [1.0])


@pytest.mark.parametrize("share", [0, 1.1])
def test_another_share_is_refused(share):
    with pytest.raises(FovealError, match="found above 0"):
        fpr_at_tpr95([1.0], [2.0], found=share)
