from __future__ import annotations

import math

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.trust.abstention import Abstention

PROBS = np.array([[0.95, 0.05], [0.3, 0.7], [0.5, 0.5], [0.1, 0.9]], np.float32)


def made():
    return Abstention(
        0.9, np.array([0.01, 0.02, 0.1, 0.2]), np.array([math.inf, 0.9, 0.6, 0.0]), np.array([0.0, 0.5, 0.75, 1.0])
    )


@pytest.mark.parametrize(
    ("max_error", "threshold", "share"),
    [
        (0.005, math.inf, 0.0),
        (0.01, math.inf, 0.0),
        (0.019, math.inf, 0.0),
        (0.02, 0.9, 0.5),
        (0.05, 0.9, 0.5),
        (0.1, 0.6, 0.75),
        (0.9, 0.0, 1.0),
    ],
)
def test_an_error_between_two_is_answered_by_the_smaller(max_error, threshold, share):
    assert made().threshold(max_error) == threshold
    assert made().share(max_error) == share
    assert made().lowest == 0.02


def test_the_surest_are_answered():
    sure = made()
    assert sure.answered(PROBS, 0.01).tolist() == [False] * 4
    assert sure.answered(PROBS, 0.02).tolist() == [True, False, False, False]  # 0.9 as float32 is below 0.9
    assert sure.answered(PROBS, 0.1).tolist() == [True, True, False, True]
    assert sure.answered(PROBS, 0.3).tolist() == [True] * 4
    assert sure.answered(PROBS[:0], 0.3).shape == (0,)


def test_a_threshold_is_itself_answered():
    exact = float(np.float32(0.9))
    sure = Abstention(0.9, np.array([0.1]), np.array([exact]), np.array([0.5]))
    assert sure.answered(PROBS, 0.1).tolist() == [True, False, False, True]


def test_a_photo_that_could_not_be_read_is_not_answered():
    probs = PROBS.copy()
    probs[0] = np.nan
    assert made().answered(probs, 0.3).tolist() == [False, True, True, True]


def test_round_trip():
    again = Abstention.from_arrays(made().arrays())
    assert again.confidence == 0.9
    for name, array in made().arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)


def test_nothing_promised_at_all():
    none = Abstention(0.9, np.array([0.1]), np.array([math.inf]), np.array([0.0]))
    assert none.lowest == math.inf


@pytest.mark.parametrize(
    "changed",
    [
        {"max_errors": np.array([0.02, 0.01, 0.1, 0.2])},
        {"max_errors": np.array([0.0, 0.01, 0.1, 0.2])},
        {"thresholds": np.array([0.5, 0.6, 0.7, 0.8])},
        {"thresholds": np.array([np.nan, 0.6, 0.5, 0.4])},
        {"thresholds": np.array([0.6, 0.5])},
        {"shares": np.array([0.0, 0.5, 0.75, 1.5])},
        {"confidence": np.array(1.0)},
    ],
)
def test_damaged_arrays_are_refused(changed):
    with pytest.raises(FovealError) as caught:
        Abstention.from_arrays({**made().arrays(), **changed})
    assert caught.value.code == "bad-value"


@pytest.mark.parametrize("max_error", [0.0, 1.0, -0.1, float("nan")])
def test_errors_out_of_range_are_refused(max_error):
    with pytest.raises(FovealError, match="max_error"):
        made().threshold(max_error)


def test_probabilities_of_one_photo_need_two_dimensions():
    with pytest.raises(FovealError, match="probabilities"):
        made().answered(PROBS[0], 0.1)
