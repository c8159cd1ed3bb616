from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data.label_sets import LabelSets
from foveal.errors import FovealError

SETS = st.lists(st.frozensets(st.integers(0, 6)), max_size=12)


@given(SETS, st.data())
def test_matrix_and_taking(sets: list[frozenset[int]], data: st.DataObject) -> None:
    kept = LabelSets.of(sets)
    assert len(kept) == len(sets)
    matrix = kept.matrix(7)
    assert [set(np.flatnonzero(row)) for row in matrix] == [set(each) for each in sets]
    rows = np.array(data.draw(st.lists(st.integers(0, len(sets) - 1), max_size=12)) if sets else [], np.int64)
    np.testing.assert_array_equal(kept.take(rows).matrix(7), matrix[rows])


def test_a_label_named_twice_counts_once() -> None:
    kept = LabelSets.of([[2, 0, 2], []])
    assert kept.classes.tolist() == [0, 2]
    assert kept.starts.tolist() == [0, 2, 2]


@pytest.mark.parametrize("starts", [[], [1, 2], [0, 1], [0, 2, 1, 2]])
def test_starts_must_fit(starts: list[int]) -> None:
    with pytest.raises(FovealError, match="starts that rise"):
        LabelSets(np.array(starts, np.int64), np.array([0, 1], np.int32))
