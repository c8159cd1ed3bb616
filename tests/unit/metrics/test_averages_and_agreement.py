from __future__ import annotations

import math

import numpy as np
import pytest

from foveal.metrics.agreement import cohen_kappa, kappa_and_mcc, matthews_correlation
from foveal.metrics.averages import averages, class_specificity, macro_specificity, micro_specificity
from foveal.metrics.classification import accuracy, balanced_accuracy, confusion_matrix

CONFUSION = np.array([[3, 1, 0], [0, 4, 2], [0, 0, 0]])


def test_specificity_by_hand() -> None:
    np.testing.assert_allclose(class_specificity(CONFUSION), [6 / 6, 3 / 4, 8 / 10])


def test_every_photo_of_one_class_has_no_specificity() -> None:
    labels, chosen = [1, 1, 1], [1, 1, 1]
    assert math.isnan(class_specificity(confusion_matrix(labels, chosen))[1])
    assert math.isnan(macro_specificity(labels, chosen))
    assert math.isnan(micro_specificity(labels, chosen))
    assert macro_specificity([1, 1, 1], [1, 1, 0]) == pytest.approx(2 / 3)


def test_averages_leave_out_what_they_cannot_judge() -> None:
    found = averages(np.pad(CONFUSION, (0, 2)))
    assert found == averages(CONFUSION)
    # The third class has no photos but is predicted: it counts for precision, not for recall.
    assert found["macro"].precision == pytest.approx((1 + 4 / 5 + 0) / 3)
    assert found["macro"].recall == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert found["micro"].precision == found["micro"].recall == found["micro"].f1 == 0.7
    assert found["micro"].specificity == pytest.approx((6 + 3 + 8) / (6 + 4 + 10))


def test_macro_recall_is_balanced_and_weighted_recall_plain_accuracy() -> None:
    labels, chosen = np.repeat([0, 1, 2], [5, 3, 2]), np.array([0, 0, 1, 0, 2, 1, 1, 0, 2, 0])
    found = averages(confusion_matrix(labels, chosen))
    assert found["macro"].recall == balanced_accuracy(labels, chosen)
    assert found["weighted"].recall == pytest.approx(accuracy(labels, chosen))


def test_agreement_of_perfect_random_and_opposite_predictions() -> None:
    assert cohen_kappa([0, 1, 2], [0, 1, 2]) == matthews_correlation([0, 1, 2], [0, 1, 2]) == 1
    assert cohen_kappa([0, 1], [1, 0]) == matthews_correlation([0, 1], [1, 0]) == -1
    assert cohen_kappa([0, 0, 1, 1], [0, 1, 0, 1]) == matthews_correlation([0, 0, 1, 1], [0, 1, 0, 1]) == 0
    assert cohen_kappa([2, 2], [2, 2]) == matthews_correlation([2, 2], [2, 2]) == 0


def test_many_matrices_at_once_are_each_on_its_own() -> None:
    drawn = np.random.default_rng(0).integers(0, 20, (6, 4, 4))
    kappa, mcc = kappa_and_mcc(np.einsum("bii->b", drawn), drawn.sum(axis=2), drawn.sum(axis=1))
    for row, confusion in enumerate(drawn):
        alone = kappa_and_mcc(np.trace(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
        assert (kappa[row], mcc[row]) == pytest.approx(tuple(map(float, alone)), abs=1e-12)
