from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact as scipy_fisher

from foveal.evaluation.slices import FEWEST, NOT_SAID, fisher_exact, slice_figures


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fisher_is_scipys(photos: int, others: int, data: st.DataObject) -> None:
    hits, other_hits = data.draw(st.integers(0, photos)), data.draw(st.integers(0, others))
    table = [[hits, photos - hits], [other_hits, others - other_hits]]
    assert fisher_exact(hits, photos, other_hits, others) == pytest.approx(scipy_fisher(table).pvalue, abs=1e-9)


def test_a_bad_camera_is_named_and_a_small_one_is_not_judged() -> None:
    rng = np.random.default_rng(0)
    cameras = np.array(["good"] * 300 + ["bad"] * 100 + ["rare"] * (FEWEST - 1))
    labels = rng.integers(0, 4, len(cameras)).astype(np.int32)
    wrong = (cameras == "bad") & (rng.random(len(cameras)) < 0.5)
    predicted = np.where(wrong | (cameras == "rare"), (labels + 1) % 4, labels)
    good, bad, rare = slice_figures(labels, predicted, {"camera": cameras.tolist()})
    assert (good["verdict"], bad["verdict"], rare["verdict"]) == ("better", "worse", "too few")
    assert bad["photos"] == 100
    assert bad["gap"] == pytest.approx(bad["accuracy"] - np.mean((predicted == labels)[cameras != "bad"]))
    assert rare["p"] is None
    assert bad["interval"]["low"] < bad["accuracy"] < bad["interval"]["high"]


def test_slices_by_chance_are_seldom_called_different() -> None:
    rng = np.random.default_rng(1)
    runs = 400
    alarms = 0
    for _ in range(runs):
        labels = np.zeros(400, np.int32)
        predicted = (rng.random(400) > 0.9).astype(int)
        columns = {name: rng.choice(list("abcde"), 400).tolist() for name in ("site", "time")}
        alarms += any(each["verdict"] in ("worse", "better") for each in slice_figures(labels, predicted, columns))
    # Holm keeps the chance of any false alarm among the ten slices below 5 %.
    assert alarms / runs < 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_a_gap_that_its_classes_explain_shows_in_what_was_expected() -> None:
    labels = np.array([0] * 100 + [1] * 100, np.int32)
    predicted = np.where((labels == 1) & (np.arange(200) % 2 == 0), 0, labels)
    one, two = slice_figures(labels, predicted, {"site": ["x"] * 100 + ["y"] * 100})
    assert (one["expected"], two["expected"]) == (1.0, 0.5)
    assert (one["accuracy"], two["accuracy"]) == (1.0, 0.5)


def test_what_a_column_does_not_say_is_a_slice_of_its_own_and_one_value_is_not_tested() -> None:
    labels = np.zeros(50, np.int32)
    found = slice_figures(labels, labels, {"site": [""] * 50})
    assert [(each["value"], each["p"], each["others"]) for each in found] == [(NOT_SAID, None, None)]
    assert found[0]["verdict"] == "not tested"
