from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics.classification import class_scores
from foveal.metrics.intervals import bootstrap, bootstrap_macro_f1, clustered, wilson


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


def test_macro_f1_interval_matches_plain_resampling() -> None:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 4, 300)
    chosen = np.where(rng.random(300) < 0.7, labels, rng.integers(0, 4, 300))
    confusion = np.zeros((4, 4), dtype=np.int64)
    np.add.at(confusion, (labels, chosen), 1)
    plain = []
    for _ in range(1500):
        drawn = rng.integers(0, 300, 300)
        again = np.zeros((4, 4), dtype=np.int64)
        np.add.at(again, (labels[drawn], chosen[drawn]), 1)
        plain.append(class_scores(again).f1.mean())
    interval = bootstrap_macro_f1(confusion)
    assert interval[:2] == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), abs=0.01)


def test_macro_f1_of_a_perfect_matrix_is_one() -> None:
    assert bootstrap_macro_f1(np.diag([5, 0, 3]))[:2] == (1, 1)


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
        (lambda: bootstrap_macro_f1(np.zeros((2, 2), int)), "square matrix"),
        (lambda: bootstrap_macro_f1(np.ones((2, 3), int)), "square matrix"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        call()
    assert caught.value.code == "bad-value"
