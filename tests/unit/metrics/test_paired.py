from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.metrics.paired import (
    Discordance,
    detectable_difference,
    discordance,
    mcnemar,
    paired_bootstrap,
    paired_difference,
    photos_to_tell,
)


def test_discordance_by_hand() -> None:
    first = np.array([True, True, False, False, True])
    second = np.array([True, False, True, True, False])
    assert discordance(first, second) == (5, 2, 2)
    assert Discordance(10, 3, 1).difference == 0.2


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_exact_test_as_scipy(gained: int, lost: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost, test="exact") == pytest.approx(expected, abs=1e-9)
    middle = expected - stats.binom.pmf(gained, gained + lost, 0.5) if gained != lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(middle, abs=1e-9)


def test_thousands_of_photos_do_not_overflow() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert mcnemar(9000, 9300, test="exact") == pytest.approx(stats.binomtest(9000, 18300).pvalue, rel=1e-8)
    assert mcnemar(0, 20000) == 0


@pytest.mark.parametrize("n", [100, 341, 1000])
def test_false_positives_of_mid_p_are_close_to_the_level(n: int) -> None:
    rng = np.random.default_rng(n)
    differing = rng.binomial(n, 0.2, 20_000)
    gained = rng.binomial(differing, 0.5)
    known = {pair: mcnemar(*pair) for pair in {(int(g), int(d - g)) for g, d in zip(gained, differing, strict=True)}}
    said = np.mean([known[int(g), int(d - g)] <= 0.05 for g, d in zip(gained, differing, strict=True)])
    assert 0.035 <= said <= 0.055


def test_tango_as_published() -> None:
    # Fagerland, Lydersen & Laake 2014, table 2: hyperresponsiveness, 1 and 7 of 21 pairs.
    low, high, method = paired_difference(Discordance(21, 1, 7))
    assert (low, high) == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert method == "Tango score, paired, 95 %"


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0, 1), st.floats(0, 1))
def test_tango_holds_the_difference_and_mirrors(n: int, first: float, second: float) -> None:
    gained = int(first * n)
    lost = int(second * (n - gained))
    low, high, _ = paired_difference(Discordance(n, gained, lost))
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    mirrored = paired_difference(Discordance(n, lost, gained))
    assert (-mirrored.high, -mirrored.low) == pytest.approx((low, high), abs=1e-9)


def test_tango_covers() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(341, [0.08, 0.05, 0.87], size=1500)
    found = [paired_difference(Discordance(341, int(g), int(lost))) for g, lost, _ in drawn]
    assert 0.935 <= np.mean([low <= 0.03 <= high for low, high, _ in found]) <= 0.965


def test_paired_bootstrap_agrees_with_tango() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random(500) < 0.8, rng.random(500) < 0.85
    interval = paired_bootstrap(first, second)
    assert interval[:2] == pytest.approx(paired_difference(discordance(first, second))[:2], abs=0.01)
    assert interval.method == "bootstrap over pairs, 95 %"


def test_photos_to_tell_gives_the_power_it_promises() -> None:
    n = photos_to_tell(0.04, 0.1)
    rng = np.random.default_rng(3)
    drawn = rng.multinomial(n, [0.07, 0.03, 0.9], size=4000)
    assert np.mean([mcnemar(int(g), int(lost)) <= 0.05 for g, lost, _ in drawn]) == pytest.approx(0.8, abs=0.03)


@settings(deadline=None)
@given(st.integers(20, 100_000), st.floats(0.01, 1))
def test_detectable_difference_turns_photos_to_tell_round(photos: int, differing: float) -> None:
    smallest = detectable_difference(photos, differing)
    if math.isinf(smallest):
        assert photos_to_tell(differing, differing) > photos
    else:
        assert photos_to_tell(smallest, differing) <= photos
        assert photos_to_tell(smallest * 0.99, differing) >= photos


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: discordance([1, 0], [True, False]), "bool"),
        (lambda: discordance(np.array([True]), np.array([True, False])), "bool"),
        (lambda: discordance(np.zeros(0, bool), np.zeros(0, bool)), "1 or more photos"),
        (lambda: mcnemar(-1, 2), "at least 0"),
        (lambda: mcnemar(1, 2, test="other"), "mid-p or exact"),  # type: ignore[arg-type]
        (lambda: paired_difference(Discordance(5, 1, 1), confidence=0), "confidence"),
        (lambda: paired_bootstrap([1.0], [1.0, 2.0]), "values of both"),
        (lambda: photos_to_tell(0.0, 0.1), "difference"),
        (lambda: photos_to_tell(0.2, 0.1), "difference"),
        (lambda: detectable_difference(0, 0.1), "1 or more photos"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(FovealError, match=said) as caught:
        call()
    assert caught.value.code == "bad-value"
