import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.probes.power_law import EXPONENTS, draw_exponents, extrapolate, remaining

SIZES = np.array([100.0, 200, 400, 700, 1000])


@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(*EXPONENTS))
def test_an_exact_law_is_continued(floor, slope, exponent):
    errors = floor + slope * (SIZES / 1000) ** -exponent
    at = np.array([1500.0, 4000])
    found = extrapolate(SIZES, errors[None], np.array([exponent]), at)
    assert found[0] == pytest.approx(floor + slope * (at / 1000) ** -exponent, abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5), st.floats(*EXPONENTS))
def test_no_law_rises_or_goes_below_nothing(errors, exponent):
    at = np.array([1000.0, 2000, 1e6])
    found = extrapolate(SIZES, np.array([errors]), np.array([exponent]), at)[0]
    assert (np.diff(found) <= 1e-12).all()
    assert (found >= 0).all()


def test_exponents_come_from_their_range():
    drawn = draw_exponents(500, np.random.default_rng(0))
    assert EXPONENTS[0] <= drawn.min() < 0.2
    assert 0.7 < drawn.max() <= EXPONENTS[1]


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_growing_gains_what_the_law_says_of_halving(exponent):
    def error(n):
        return 0.1 + 0.3 * n**-exponent

    lost = error(50) - error(100)
    gained = error(100) - error(130)
    share = remaining(np.array([exponent]), np.array([1.3, 1.0]))
    assert share[0] == pytest.approx([gained / lost, 0])
