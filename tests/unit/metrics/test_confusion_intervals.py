from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics.agreement import cohen_kappa, matthews_correlation
from foveal.metrics.classification import balanced_accuracy, macro_f1
from foveal.metrics.confusion_intervals import confusion_intervals

METRICS = {
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "kappa": cohen_kappa,
    "mcc": matthews_correlation,
}


def drawn(n: int, classes: int, right: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    return labels, np.where(rng.random(n) < right, labels, rng.integers(0, classes, n))


def counted(labels: np.ndarray, chosen: np.ndarray, classes: int) -> np.ndarray:
    return np.bincount(labels * classes + chosen, minlength=classes**2).reshape(classes, classes)


def test_ends_match_plain_resampling() -> None:
    labels, chosen = drawn(400, 4, 0.7, 0)
    rng = np.random.default_rng(1)
    rows = [rng.integers(0, 400, 400) for _ in range(1500)]
    found = confusion_intervals(counted(labels, chosen, 4))
    assert list(found) == list(METRICS)
    for name, metric in METRICS.items():
        plain = np.quantile([metric(labels[each], chosen[each]) for each in rows], (0.025, 0.975))
        assert found[name][:2] == pytest.approx(tuple(plain), abs=0.015), name


@settings(deadline=None)
@given(st.integers(2, 80), st.integers(2, 6), st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.integers(0, 2**32 - 1))
def test_ends_stay_in_range_and_hold_the_figure(n: int, classes: int, right: float, seed: int) -> None:
    labels, chosen = drawn(n, classes, right, seed)
    for name, (low, high, _) in confusion_intervals(counted(labels, chosen, classes)).items():
        lowest = -1 if name in ("kappa", "mcc") else 0
        assert lowest <= low <= high <= 1, name
        if name != "macro_f1":
            # Macro F1 is put right for its bias first, which with a few photos can leave the measured figure outside.
            assert low - 1e-9 <= METRICS[name](labels, chosen) <= high + 1e-9, name


def test_no_mistake_among_few_photos_is_not_certainty() -> None:
    few, many = confusion_intervals(np.diag([10, 10])), confusion_intervals(np.diag([1000, 1000]))
    for name in METRICS:
        assert few[name].high == many[name].high == 1
        assert 0.5 < few[name].low < 0.9
        assert many[name].low > 0.99


@pytest.mark.parametrize(("classes", "n"), [(2, 100), (6, 400)])
def test_coverage(classes: int, n: int) -> None:
    rng = np.random.default_rng(7)
    held = dict.fromkeys(("balanced_accuracy", "macro_f1", "kappa"), 0)
    for right in rng.uniform(0.7, 0.97, 1200):
        shares = np.full((classes, classes), (1 - right) / (classes - 1) / classes)
        np.fill_diagonal(shares, right / classes)
        truth = {"balanced_accuracy": right, "macro_f1": right, "kappa": (right - 1 / classes) / (1 - 1 / classes)}
        found = confusion_intervals(rng.multinomial(n, shares.ravel()).reshape(classes, classes))
        for name, value in truth.items():
            held[name] += found[name].low <= value <= found[name].high
    assert all(0.935 <= count / 1200 <= 0.965 for count in held.values()), held


def test_classes_never_seen_change_nothing() -> None:
    labels, chosen = drawn(60, 3, 0.8, 2)
    assert confusion_intervals(counted(labels, chosen, 9)) == confusion_intervals(counted(labels, chosen, 3))


def test_one_class_only_has_no_agreement_beyond_chance() -> None:
    assert list(confusion_intervals(np.array([[5, 0], [0, 0]]))) == ["balanced_accuracy", "macro_f1"]


@pytest.mark.parametrize(
    ("confusion", "confidence", "said"),
    [
        (np.zeros((2, 2), int), 0.95, "square matrix"),
        (np.ones((2, 3), int), 0.95, "square matrix"),
        (-np.ones((2, 2), int), 0.95, "square matrix"),
        (np.ones((2, 2), int), 1.0, "confidence above 0 and below 1"),
    ],
)
def test_refusals(confusion: np.ndarray, confidence: float, said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        confusion_intervals(confusion, confidence=confidence)
    assert caught.value.code == "bad-value"
