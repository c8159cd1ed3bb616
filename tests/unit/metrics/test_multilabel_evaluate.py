from __future__ import annotations

import json

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics import MULTI_LABEL_METRICS, multi_label_metric
from foveal.metrics.multilabel_evaluate import measure_multilabel

TARGETS = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], np.bool_)
PROBS = np.array([[0.9, 0.3, 0.1], [0.4, 0.6, 0.2], [0.2, 0.7, 0.6], [0.1, 0.1, 0.1]], np.float32)


def test_small_case_by_hand() -> None:
    thresholds = [0.35, 0.5, 0.5]
    result = measure_multilabel(
        TARGETS, PROBS, np.array(thresholds) <= PROBS, ["a", "b", "c"], thresholds=thresholds, protocol="x"
    )
    assert (result.photos, result.labels_per_photo, result.protocol) == (4, 1.0, "x")
    assert [score["average_precision"] for score in result.per_class] == [1.0, pytest.approx((1 + 2 / 3) / 2), None]
    assert result.mean_average_precision == pytest.approx(11 / 12)
    assert [score["recall"] for score in result.per_class] == [1.0, 0.5, 0.0]
    assert [score["precision"] for score in result.per_class] == [1.0, 0.5, 0.0]
    assert [score["photos"] for score in result.per_class] == [2, 2, 0]
    assert [score["threshold"] for score in result.per_class] == thresholds
    assert result.subset_accuracy == 0.25
    assert result.hamming_loss == pytest.approx(3 / 12)
    assert result.micro_f1 == pytest.approx(6 / 9)
    assert result.macro_f1 == pytest.approx((1 + 0.5 + 0) / 3)
    assert result.worst_classes == ["b"]
    json.dumps(result.to_dict(), allow_nan=False)


def test_every_figure_is_the_metric_of_that_name() -> None:
    rng = np.random.default_rng(0)
    probs = rng.random((300, 8)).astype(np.float32)
    targets = rng.random((300, 8)) < probs
    values = measure_multilabel(
        targets, probs, probs >= 0.5, list("abcdefgh"), thresholds=np.full(8, 0.5), protocol="x"
    ).to_dict()
    for name in MULTI_LABEL_METRICS:
        assert values[name.replace("-", "_")] == pytest.approx(multi_label_metric(name).function(targets, probs)), name


def test_refusals() -> None:
    with pytest.raises(FovealError, match="3 class_names and thresholds"):
        measure_multilabel(TARGETS, PROBS, TARGETS, ["a", "b"], thresholds=[0.5] * 3, protocol="x")
    with pytest.raises(FovealError, match="1 or more photos"):
        measure_multilabel(TARGETS[:0], PROBS[:0], TARGETS[:0], ["a", "b", "c"], thresholds=[0.5] * 3, protocol="x")
