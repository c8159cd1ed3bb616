from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.reports.words import about, ends, figure, in_words, joined, percent, points, with_ends


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.909, "9 of 10"),
        (0.915, "9 of 10"),
        (0.75, "3 of 4"),
        (0.5, "1 of 2"),
        (0.333, "1 of 3"),
        (0.95, "19 of 20"),
        (0.97, "97 of 100"),
        (0.999, "more than 99 of 100"),
        (1.0, "all"),
        (0.001, "fewer than 1 of 100"),
        (0.0, "none"),
    ],
)
def test_shares_as_people_say_them(share: float, said: str) -> None:
    assert in_words(share) == said


@given(st.floats(0.01, 0.99))
def test_what_is_said_is_close(share: float) -> None:
    said = in_words(share)
    part, whole = (int(each) for each in said.split(" of ")) if said[0].isdigit() else (99.5, 100)
    assert abs(part / whole - share) <= 0.017


def test_about() -> None:
    assert about(0.9) == "about 9 of 10"
    assert about(1.0) == "all"
    assert about(0.999) == "more than 99 of 100"


def test_names_in_a_sentence() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b"]) == "a and b"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert joined([*"abcdef"], 2) == "a, b and 4 others"
    assert joined([*"abc"], 2) == "a, b and 1 other"
    assert joined([]) == ""


def test_figures_and_their_ends() -> None:
    interval = {"low": 0.81, "high": 0.88}
    assert with_ends(0.85, interval) == "85.0% (81.0% to 88.0%)"
    assert with_ends(0.85, None) == "85.0%"
    assert with_ends(None, interval) == "-"
    assert ends(None) == "-"
    assert ends(interval, digits=2, share=False) == "0.81 to 0.88"
    assert percent(None) == figure(None) == "-"
    assert points(-0.031) == "-3.1 points"
