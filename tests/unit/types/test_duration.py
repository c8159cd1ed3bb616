from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.types.duration import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h5s", 3605),
        ("1.5m", 90),
        (" 10M ", 600),
        ("3min", 180),
    ],
)
def test_lengths_of_time_are_understood(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "m", "30m1h", "1h 30m", "-5m", "0s", "5d", "1e3s"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(FovealError) as caught:
        seconds_of(text)
    assert caught.value.code == "bad-option"
    assert "1h30m" in caught.value.hint


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_parts_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert seconds_of(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds
