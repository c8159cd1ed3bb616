from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics.intervals import (
    bootstrap,
    clustered,
    f1_interval,
    mean_interval,
    roc_interval,
    score_ends,
    wilson,
)


def test_wilson_as_published() -> None:
    # Newcombe 1998, table I: 81 of 263 and 15 of 148.
    assert wilson(81, 263)[:2] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148)[:2] == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20)[:2] == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29)[:2] == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize("n", [100, 250, 1000])
def test_wilson_covers_as_promised_on_average(n: int) -> None:
    rng = np.random.default_rng(n)
    shares = rng.uniform(0.05, 0.95, 20_000)
    counts = rng.binomial(n, shares)
    ends = np.array([wilson(k, n)[:2] for k in range(n + 1)])
    covered = np.mean((ends[counts, 0] <= shares) & (shares <= ends[counts, 1]))
    assert 0.94 <= covered <= 0.96


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0.5, 0.999))
def test_wilson_holds_the_share_and_mirrors(first: int, second: int, confidence: float) -> None:
    hits, n = min(first, second), max(first, second)
    low, high, _ = wilson(hits, n, confidence)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= hits / n <= high
    mirrored = wilson(n - hits, n, confidence)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((low, high), abs=1e-12)


def test_nothing_tried_nothing_known() -> None:
    assert wilson(0, 0)[:2] == (0, 1)


def test_method_says_how() -> None:
    assert wilson(1, 2).method == "Wilson score, 95 %"
    assert bootstrap([1.0, 0.0], confidence=0.9, resamples=10).method == "bootstrap over photos, 90 %"


def test_bootstrap_agrees_with_wilson_and_with_its_seed() -> None:
    right = np.r_[np.ones(300), np.zeros(100)]
    interval = bootstrap(right)
    assert interval[:2] == pytest.approx(wilson(300, 400)[:2], abs=0.01)
    assert bootstrap(right) == interval
    assert bootstrap(right, seed=1) != interval


def test_groups_of_one_are_photos() -> None:
    values = np.random.default_rng(0).random(50)
    assert clustered(values, np.arange(50))[:2] == bootstrap(values)[:2]


def test_groups_that_agree_widen_the_interval() -> None:
    per_group = np.random.default_rng(0).random(20)
    values, groups = np.repeat(per_group, 10), np.repeat(np.arange(20) + 7, 10)
    alone, together = bootstrap(values), clustered(values, groups)
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert together.low < values.mean() < together.high


def test_one_group_gives_a_point() -> None:
    assert clustered([0.0, 1.0], [3, 3])[:2] == (0.5, 0.5)


def test_effective_photos_need_not_be_whole() -> None:
    assert score_ends(0.3, 50) == wilson(15, 50)[:2]
    narrow, wide = score_ends(0.3, 50.5), score_ends(0.3, 49.5)
    assert wide[0] < wilson(15, 50).low < narrow[0] < narrow[1] < wilson(15, 50).high < wide[1]


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_f1_lies_in_its_interval(hits: int, missed: int, false: int) -> None:
    low, high, method = f1_interval(hits, hits + missed, hits + false)
    assert 0 <= low <= high <= 1
    if hits + missed + false:
        assert low - 1e-12 <= 2 * hits / (2 * hits + missed + false) <= high + 1e-12
    assert method == "Wilson score, 95 %"


def test_f1_interval_covers() -> None:
    rng = np.random.default_rng(3)
    cells = np.array([0.2, 0.05, 0.03, 0.72])
    truth = 2 * cells[0] / (2 * cells[0] + cells[1] + cells[2])
    drawn = [rng.multinomial(300, cells) for _ in range(3000)]
    found = [f1_interval(int(d[0]), int(d[0] + d[1]), int(d[0] + d[2])) for d in drawn]
    assert 0.94 <= np.mean([low <= truth <= high for low, high, _ in found]) <= 0.96


def test_roc_interval_of_an_area_of_one_is_that_of_as_many_photos() -> None:
    assert roc_interval(1.0, 0.0, positives=12, negatives=300)[:2] == wilson(12, 12)[:2]
    assert roc_interval(0.9, 0.03)[:2] == score_ends(0.9, 100)
    assert roc_interval(0.9, 0.3, positives=20, negatives=50)[:2] == score_ends(0.9, 20)


def test_mean_interval_holds_the_mean_and_stays_above_zero() -> None:
    losses = np.random.default_rng(5).exponential(0.3, 400)
    low, high, _ = mean_interval(losses)
    assert 0 < low < losses.mean() < high
    assert (low, high) == pytest.approx(bootstrap(losses)[:2], abs=0.01)
    assert mean_interval([0.0, 0.0])[:2] == (0, 0)
    assert mean_interval([0.5])[:2] == (0.5, 0.5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: wilson(3, 2), "3 of 2"),
        (lambda: wilson(-1, 2), "-1 of 2"),
        (lambda: wilson(1, 2, confidence=1.0), "confidence above 0 and below 1"),
        (lambda: bootstrap([]), "finite values"),
        (lambda: bootstrap([np.nan]), "finite values"),
        (lambda: bootstrap([1.0], resamples=0), "resamples"),
        (lambda: clustered([1.0], [1, 2]), "1 groups"),
        (lambda: f1_interval(3, 2, 3), "3 of 2"),
        (lambda: roc_interval(0.5, 0.1, confidence=1.0), "confidence above 0 and below 1"),
        (lambda: mean_interval([-1.0]), "at least 0"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        call()
    assert caught.value.code == "bad-value"
