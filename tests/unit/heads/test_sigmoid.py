from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.heads import HEADS
from foveal.heads.linear import LinearHead
from foveal.heads.sigmoid import SigmoidHead

COLUMNS, CLASSES = 7, 3


def arrays(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"centre": COLUMNS, "scale": COLUMNS, "weights": (COLUMNS, CLASSES), "bias": CLASSES}
    made = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return {**made, "thresholds": np.array([0.2, 0.0, 1.0], np.float32)}


def test_its_logits_are_those_of_the_linear_head():
    given = arrays()
    features = np.random.default_rng(1).normal(size=(5, COLUMNS)).astype(np.float16)
    linear = LinearHead.from_arrays(given)
    np.testing.assert_array_equal(SigmoidHead.from_arrays(given).logits(features), linear.logits(features))


def test_round_trip_through_the_table():
    module, attribute = HEADS["sigmoid"].split(":")
    kind = getattr(import_module(module), attribute)
    head = kind.from_arrays({**arrays(), "more": np.zeros(1)})
    assert head.kind == "sigmoid"
    assert head.classes == CLASSES
    assert list(head.arrays()) == ["centre", "scale", "weights", "bias", "thresholds"]
    for name, array in kind.from_arrays(head.arrays()).arrays().items():
        np.testing.assert_array_equal(array, arrays()[name])


@pytest.mark.parametrize(
    "wrong", [np.zeros(2, np.float32), np.full(3, np.nan, np.float32), np.array([0, 0, 1.01], np.float32), np.zeros(3)]
)
def test_thresholds_that_do_not_fit_are_refused(wrong):
    with pytest.raises(FovealError, match=r"thresholds float32 \(3,\) in 0..1") as caught:
        SigmoidHead(**{**arrays(), "thresholds": wrong})
    assert caught.value.code == "bad-value"


def test_a_damaged_linear_part_is_refused_and_a_missing_array_is_a_key_error():
    given = arrays()
    with pytest.raises(FovealError, match="expected bias"):
        SigmoidHead.from_arrays({**given, "bias": given["bias"] * np.nan})
    del given["thresholds"]
    with pytest.raises(KeyError):
        SigmoidHead.from_arrays(given)
