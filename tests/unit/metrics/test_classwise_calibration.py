from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics.calibration import expected_calibration_error, reliability_table, softmax
from foveal.metrics.classwise_calibration import (
    classwise_calibration_error,
    expected_by_chance,
    maximum_calibration_error,
)


def drawn(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Perfectly calibrated probabilities and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    return (logits + rng.gumbel(size=logits.shape)).argmax(axis=1), softmax(logits)


def test_classwise_error_as_the_two_class_errors_bin_by_bin() -> None:
    labels, probs = drawn(400, 3, 0)
    probs = softmax(np.log(probs) * 2)
    errors = []
    for c in range(3):
        total = 0.0
        for low in np.arange(15) / 15:
            inside = (probs[:, c] > low) & (probs[:, c] <= low + 1 / 15)
            if inside.any():
                total += inside.mean() * abs(probs[inside, c].mean() - (labels[inside] == c).mean())
        errors.append(total)
    assert classwise_calibration_error(labels, probs) == pytest.approx(np.mean(errors), abs=1e-9)


def test_classwise_error_leaves_out_classes_without_photos() -> None:
    probs = np.array([[0.5, 0.2, 0.3], [0.5, 0.2, 0.3]])
    assert classwise_calibration_error([0, 1], probs) == pytest.approx((0.0 + 0.3) / 2)


def test_maximum_is_the_worst_bin() -> None:
    labels, probs = drawn(500, 4, 1)
    table = reliability_table(labels, probs, scheme="equal-mass")
    assert maximum_calibration_error(labels, probs) == np.abs(table.confidence - table.accuracy).max()
    assert maximum_calibration_error(labels, probs, scheme="equal-width") >= 0


@pytest.mark.parametrize("scheme", ["equal-width", "equal-mass"])
def test_calibrated_probabilities_show_what_is_expected_by_chance(scheme: str) -> None:
    measured, ranges = [], []
    for seed in range(150):
        labels, probs = drawn(300, 5, seed)
        measured.append(expected_calibration_error(labels, probs, scheme=scheme))
        ranges.append(expected_by_chance(probs, scheme=scheme, seed=seed))
    assert np.mean(measured) == pytest.approx(np.mean([each["mean"] for each in ranges]), rel=0.05)
    inside = [each["low"] <= value <= each["high"] for each, value in zip(ranges, measured, strict=True)]
    assert 0.9 <= np.mean(inside) <= 0.99


def test_more_photos_leave_less_to_chance_and_the_seed_decides() -> None:
    few, many = (expected_by_chance(drawn(n, 5, 0)[1]) for n in (200, 5000))
    assert few["low"] <= few["mean"] <= few["high"]
    assert many["mean"] < few["mean"] / 3
    assert expected_by_chance(drawn(200, 5, 0)[1]) == few


def test_certainty_leaves_nothing_to_chance() -> None:
    assert expected_by_chance(np.eye(3)) == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_refusals() -> None:
    with pytest.raises(FovealError, match="1 or more bins"):
        classwise_calibration_error([0], np.array([[0.5, 0.5]]), bins=0)
    with pytest.raises(FovealError, match="1 or more photos"):
        expected_by_chance(np.zeros((0, 2)))
