from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics import classification as own
from foveal.metrics import inputs
from foveal.metrics.calibration import softmax


def scores(n: int, classes: int, seed: int, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), labels] += 1
    return labels, softmax(logits).astype(dtype)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "classes"), [(1, 2), (37, 4), (500, 12)])
def test_same_numbers_as_sklearn(n: int, classes: int, seed: int) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    labels, probs = scores(n, classes, seed)
    chosen, every = probs.argmax(axis=1), list(range(classes))
    assert own.accuracy(labels, probs) == pytest.approx(reference.accuracy_score(labels, chosen))
    assert own.macro_f1(labels, probs) == pytest.approx(
        reference.f1_score(labels, chosen, average="macro", zero_division=0.0)
    )
    assert own.log_loss(labels, probs) == pytest.approx(reference.log_loss(labels, probs, labels=every))
    matrix = own.confusion_matrix(labels, probs)
    np.testing.assert_array_equal(matrix, reference.confusion_matrix(labels, chosen, labels=every))
    precision, recall, f1, photos = reference.precision_recall_fscore_support(
        labels, chosen, labels=every, zero_division=0.0
    )
    ours = own.class_scores(matrix)
    np.testing.assert_allclose(ours.precision, precision)
    np.testing.assert_allclose(ours.recall, recall)
    np.testing.assert_allclose(ours.f1, f1)
    np.testing.assert_array_equal(ours.photos, photos)


def test_balanced_accuracy_top_k_and_brier_as_sklearn() -> None:
    reference = pytest.importorskip("sklearn.metrics")
    labels, probs = scores(400, 9, 5)
    assert own.balanced_accuracy(labels, probs) == pytest.approx(
        reference.balanced_accuracy_score(labels, probs.argmax(axis=1))
    )
    for k in (1, 3, 5, 9):
        expected = reference.top_k_accuracy_score(labels, probs, k=k, labels=range(9)) if k < 9 else 1.0
        assert own.top_k_accuracy(labels, probs, k=k) == pytest.approx(expected)
    pairs = np.eye(9)[labels]
    assert own.brier(labels, probs) == pytest.approx(((probs - pairs) ** 2).sum(axis=1).mean())


def test_zero_division_is_zero_and_averages_leave_out_what_they_cannot_judge() -> None:
    labels, chosen = [0, 0, 1, 1], [0, 0, 0, 2]
    ours = own.class_scores(own.confusion_matrix(labels, chosen, classes=4))
    assert ours.precision.tolist() == pytest.approx([2 / 3, 0, 0, 0])
    assert ours.recall.tolist() == [1, 0, 0, 0]
    assert ours.f1.tolist() == pytest.approx([0.8, 0, 0, 0])
    assert own.balanced_accuracy(labels, chosen) == 0.5  # class 2 has no photos
    assert own.macro_f1(labels, chosen) == pytest.approx(0.8 / 3)  # class 2 was predicted, class 3 was not


def test_ties_go_to_the_earlier_class_everywhere() -> None:
    probs = np.full((3, 3), 1 / 3)
    labels = [0, 1, 2]
    assert own.accuracy(labels, probs) == own.top_k_accuracy(labels, probs, k=1) == pytest.approx(1 / 3)
    assert own.top_k_accuracy(labels, probs, k=2) == pytest.approx(2 / 3)


def test_a_sure_mistake_costs_the_epsilon_of_its_type() -> None:
    sure = np.array([[1.0, 0.0]], dtype=np.float32)
    assert own.log_loss([1], sure) == pytest.approx(-np.log(np.finfo(np.float32).eps))
    assert own.log_loss([0], sure) == 0
    assert own.brier([1], sure) == 2
    assert own.brier([0], sure) == 0


@given(st.integers(1, 60), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_order_of_photos_does_not_matter_and_shares_stay_in_range(n: int, classes: int, seed: int) -> None:
    labels, probs = scores(n, classes, seed)
    order = np.random.default_rng(seed).permutation(n)
    for measure in (own.accuracy, own.top_k_accuracy, own.balanced_accuracy, own.macro_f1, own.log_loss, own.brier):
        value = measure(labels, probs)
        assert measure(labels[order], probs[order]) == pytest.approx(value)
        assert value >= 0
        if measure is not own.log_loss:
            assert value <= (2 if measure is own.brier else 1)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probs = scores(101, 7, 3, np.float32)
    whole = (own.top_k_accuracy(labels, probs, k=2), own.brier(labels, probs))
    monkeypatch.setattr(inputs, "BLOCK_NUMBERS", 20)
    assert (own.top_k_accuracy(labels, probs, k=2), own.brier(labels, probs)) == pytest.approx(whole)


HALF = np.full((2, 2), 0.5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: own.log_loss([0], HALF), "2 labels"),
        (lambda: own.log_loss([0, 2], HALF), r"labels in 0\.\.1"),
        (lambda: own.log_loss([0, -1], HALF), r"labels in 0\.\.1"),
        (lambda: own.brier([0.0, 1.0], HALF), "whole numbers"),
        (lambda: own.brier([0, 1], HALF * np.nan), "finite"),
        (lambda: own.brier([0, 1], [0.5, 0.5]), r"\[n, C\]"),
        (lambda: own.brier([0, 1], [[1, 0], [0, 1]]), "floating-point"),
        (lambda: own.accuracy([], np.zeros((0, 2))), "1 or more photos"),
        (lambda: own.accuracy([], []), "1 or more photos"),
        (lambda: own.accuracy([0, -1], [0, 1]), "at least 0"),
        (lambda: own.top_k_accuracy([0, 1], HALF, k=0), "k of at least 1"),
        (lambda: own.confusion_matrix([0, 3], [0, 1], classes=3), "classes of at least 4"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        call()
    assert caught.value.code == "bad-value"
