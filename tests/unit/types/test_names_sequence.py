from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.types.names import Names

# every string that Python can hold, lone surrogates included
TEXT = st.text(st.characters(codec=None), max_size=12)


@given(st.lists(TEXT, max_size=20))
def test_names_come_back_as_they_were(names: list[str]) -> None:
    kept = Names(names)
    assert list(kept) == names
    assert [kept[at] for at in range(len(kept))] == names
    assert len(kept) == len(names)
    assert kept == names
    assert kept == tuple(names)


@given(st.lists(TEXT, min_size=1, max_size=20), st.data())
def test_taking_is_what_a_list_would_give(names: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(names) - 1), max_size=30))
    assert list(Names(names).take(np.array(rows, np.int64))) == [names[row] for row in rows]
    start, stop, step = data.draw(st.slices(len(names))).indices(len(names))
    assert (
        list(Names(names)[start : stop if stop >= 0 else None : step])
        == names[start : stop if stop >= 0 else None : step]
    )


def test_taking_more_than_a_block() -> None:
    names = Names(f"photo {number}.jpg" for number in range(150_000))
    rows = np.random.default_rng(0).permutation(150_000)
    taken = names.take(rows)
    assert all(taken[at] == f"photo {rows[at]}.jpg" for at in (0, 65_535, 65_536, 131_071, 131_072, 149_999))
    assert taken.take(np.argsort(rows)) == names


def test_indices_and_equality() -> None:
    names = Names(["a", "ä", ""])
    assert names[-1] == ""
    assert names[-2] == "ä"
    with pytest.raises(IndexError):
        names[3]
    assert names != ("a", "ä")
    assert names != Names(["a", "ä", "b"])
    assert names != "aä"
    assert repr(names) == "Names('a', 'ä', ''; 3)"
    assert "ä" in names


def test_memory_is_the_bytes_and_eight_a_name() -> None:
    names = Names("x" * 30 for _ in range(1000))
    assert names._bytes.nbytes + names._ends.nbytes == 1000 * 38 + 8
