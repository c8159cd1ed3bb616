from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.types.text import chance, counted, listing, printable, shortened


@given(st.text(st.characters()))
def test_any_text_becomes_encodable_and_stays_so(text: str) -> None:
    shown = printable(text)
    assert shown.encode() is not None
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Löwe 🦁", "Löwe 🦁"),
        ("a\udce9", "a\\udce9"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb", "a\\nb"),
        ("\ud800", "\\ud800"),
    ],
)
def test_only_what_cannot_be_shown_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_shortened_keeps_the_end() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "…cdefg"


def test_listing_counts_the_rest() -> None:
    assert listing(["a", "b"]) == "a, b"
    assert listing(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert listing(["a", "b"], count=2000, most=2) == "a, b and 1,998 more"


def test_counted_has_the_right_noun() -> None:
    assert [counted(count, "photo") for count in (0, 1, 2000)] == ["0 photos", "1 photo", "2,000 photos"]
    assert [counted(count, "class", "classes") for count in (1, 2)] == ["1 class", "2 classes"]


def test_no_p_is_said_to_be_nothing() -> None:
    assert [chance(p) for p in (1.0, 0.0361, 0.0005, 0.0004, 0.0)] == [
        "p = 1.000",
        "p = 0.036",
        "p = 0.001",
        "p < 0.001",
        "p < 0.001",
    ]
