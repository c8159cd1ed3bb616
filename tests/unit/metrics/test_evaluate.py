from __future__ import annotations

import json

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics import METRICS, metric
from foveal.metrics.calibration import softmax
from foveal.metrics.evaluate import measure

LABELS = np.array([0, 0, 0, 1, 1, 2])
PROBS = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]],
    dtype=np.float32,
)


def test_small_case_by_hand() -> None:
    result = measure(LABELS, PROBS, ["a", "b", "c"], protocol="test folder")
    assert (result.photos, result.accuracy, result.top5) == (6, 0.5, None)
    assert result.balanced_accuracy == pytest.approx((1 / 3 + 1 / 2 + 1) / 3)
    assert result.confusion == [[1, 2, 0], [0, 1, 1], [0, 0, 1]]
    assert result.most_confused == [
        {"true": "a", "predicted": "b", "photos": 2, "share": pytest.approx(2 / 3)},
        {"true": "b", "predicted": "c", "photos": 1, "share": 0.5},
    ]
    assert result.worst_classes == ["a", "b"]
    assert [score["photos"] for score in result.per_class] == [3, 2, 1]
    assert result.accuracy_interval.method == "Wilson score, 95 %"
    assert result.protocol == "test folder"


SAME = {
    "top5": "top5",
    "kappa": "kappa",
    "mcc": "mcc",
    "log-loss": "log_loss",
    "brier": "brier",
    "accuracy": "accuracy",
    "balanced-accuracy": "balanced_accuracy",
    "macro-f1": "macro_f1",
    "ece": "ece",
    "adaptive-ece": "adaptive_ece",
    "classwise-ece": "classwise_ece",
    "max-calibration-error": "max_calibration_error",
}


def example(classes: int = 8, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, n)
    return labels, softmax((rng.normal(size=(n, classes)) + np.eye(classes)[labels]).astype(np.float32))


@pytest.mark.parametrize("name", METRICS)
def test_every_figure_is_the_metric_of_that_name(name: str) -> None:
    labels, probs = example()
    values = measure(labels, probs, list("abcdefgh"), protocol="x").to_dict()
    kind, _, figure = name.partition("-")
    found = values[SAME[name]] if name in SAME else values["averages"][kind][figure.replace("-", "_")]
    assert found == pytest.approx(metric(name).function(labels, probs), abs=1e-12)


def test_figures_of_classes_and_intervals() -> None:
    labels, probs = example()
    result = measure(labels, probs, list("abcdefgh"), protocol="x")
    assert list(result.top_k) == ["1", "2", "3", "5"]
    assert result.top_k["1"] == result.accuracy
    assert list(result.intervals) == [
        "balanced_accuracy",
        "macro_f1",
        "kappa",
        "mcc",
        "log_loss",
        "brier",
        "macro_roc_auc",
    ]
    for name in ("balanced_accuracy", "macro_f1", "kappa", "mcc", "log_loss", "brier"):
        assert result.intervals[name]["low"] < getattr(result, name) < result.intervals[name]["high"]
    area = result.averages["macro"]["roc_auc"]
    assert area is not None
    assert result.intervals["macro_roc_auc"]["low"] < area < result.intervals["macro_roc_auc"]["high"]
    for score in result.per_class:
        for figure in ("recall", "precision", "specificity", "f1", "roc_auc"):
            ends = score[f"{figure}_interval"]  # type: ignore[literal-required]
            assert ends["low"] <= score[figure] <= ends["high"]  # type: ignore[literal-required]


def test_reliability_holds_every_photo() -> None:
    labels, probs = example()
    result = measure(labels, probs, list("abcdefgh"), protocol="x")
    assert list(result.reliability) == ["equal-width", "equal-mass"]
    for bins in result.reliability.values():
        assert sum(each["photos"] for each in bins) == 300
        right = sum(each["photos"] * each["accuracy"] for each in bins)
        assert right / 300 == pytest.approx(result.accuracy)
        for each in bins:
            assert each["low"] - 1e-7 <= each["confidence"] <= each["high"] + 1e-7
            assert each["accuracy_interval"]["low"] <= each["accuracy"] <= each["accuracy_interval"]["high"]
    assert result.ece_expected is not None
    assert result.ece_expected["low"] < result.ece_expected["mean"] < result.ece_expected["high"]


def test_before_and_after_calibration() -> None:
    labels, probs = example()
    before = softmax(np.log(probs) * 3)
    known = {"method": "temperature", "temperature": 3.0}
    result = measure(labels, probs, list("abcdefgh"), protocol="x", before=before, calibrated=known)
    assert list(result.calibration) == ["method", "temperature", "before", "after"]
    assert result.calibration["after"]["ece"] == result.ece
    assert result.calibration["before"]["log_loss"] > result.log_loss
    assert "before" not in measure(labels, probs, list("abcdefgh"), protocol="x").calibration


@pytest.mark.parametrize("labels", [[0], [0, 0, 0], [0, 1]])
def test_hardly_anything_to_measure(labels: list[int]) -> None:
    result = measure(labels, np.eye(3)[labels], ["a", "b", "c"], protocol="x")
    json.dumps(result.to_dict(), allow_nan=False)
    assert result.detailed()
    assert result.accuracy == 1


def test_result_is_plain_and_a_class_without_photos_is_not_the_worst() -> None:
    result = measure([0, 0, 1], np.eye(3)[[0, 1, 1]], ["a", "b", "c"], protocol="x")
    json.dumps(result.to_dict(), allow_nan=False)
    assert result.worst_classes == ["a"]
    assert result.per_class[2]["photos"] == 0
    assert result.per_class[2]["recall_interval"]["high"] == 1


def test_refusals() -> None:
    with pytest.raises(FovealError, match="1 or more photos"):
        measure([], np.zeros((0, 2)), ["a", "b"], protocol="x")
    with pytest.raises(FovealError, match="3 class_names"):
        measure(LABELS, PROBS, ["a", "b"], protocol="x")
    with pytest.raises(FovealError, match="could not be read"):
        measure([0], np.full((1, 2), np.nan), ["a", "b"], protocol="x")
