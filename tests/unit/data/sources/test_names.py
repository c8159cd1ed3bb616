from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.sources.names import class_name, natural_key


@pytest.mark.parametrize(
    "ordered",
    [
        ["photo 2", "photo 10"],
        ["1", "2", "10", "a"],
        ["a1b2", "a1b10", "a2b1"],
        ["Apple", "apple", "banana", "Cherry"],
        ["x01", "x1", "x2"],
    ],
)
def test_natural_order(ordered: list[str]) -> None:
    backwards = ordered[::-1]
    assert sorted(backwards, key=natural_key) == ordered


@given(st.lists(st.text(), unique=True))
def test_any_names_have_one_order(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


@given(st.text(st.characters()))
def test_class_names_are_composed_and_can_be_saved(folder: str) -> None:
    name = class_name(folder)
    assert unicodedata.is_normalized("NFC", name)
    assert name.encode().decode() == name
