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


def test_every_figure_is_the_metric_of_that_name() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 300)
    probs = softmax(rng.normal(size=(300, 8)).astype(np.float32))
    values = measure(labels, probs, list("abcdefgh"), protocol="x").to_dict()
    shared = {name: name.replace("-", "_") for name in METRICS if name != "adaptive-ece"}
    assert len(shared) == 7
    for name, key in shared.items():
        assert values[key] == pytest.approx(metric(name).function(labels, probs)), name


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
