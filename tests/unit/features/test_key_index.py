from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.features import key_index
from foveal.features.key_index import KeyIndex
from foveal.features.segments import ERASED, RECORD


def records_of(keys: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(key + b"\1\0\0\0" for key in keys), RECORD)


def array_of(keys: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16)


# Few distinct halves, so that many keys share their first eight bytes; NULs at either end.
halves = st.sampled_from([bytes(8), b"\xff" * 8, b"\0" * 7 + b"a", b"a" + b"\0" * 7])
alike_keys = st.builds(lambda first, second: first + second, halves, halves)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(alike_keys, max_size=6), max_size=6), st.integers(0, 8), st.integers(1, 5))
def test_finds_keys_that_share_halves_at_any_size_of_its_parts(batches, fold_at, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_index, "_FOLD_AT", fold_at)
        patch.setattr(key_index, "_CHUNK", chunk)
        index = KeyIndex()
        handle = index.new_segment()
        stored: list[bytes] = []
        for batch in batches:
            index.add(handle, records_of(batch))
            stored += batch
        asked = [first + second for first in (bytes(8), b"\xff" * 8, b"b" * 8) for second in (bytes(8), b"\xff" * 8)]
        asked += stored
        found = index.find(array_of(asked))
        assert [index.get(key) >= 0 for key in asked] == [key in stored for key in asked]
        for key, position in zip(asked, found.tolist(), strict=True):
            assert position >= 0 if key in stored else position == -1
            if position >= 0:
                assert stored[position] == key
                assert stored[index.get(key)] == key
        gone = np.unique(found[found >= 0])[::2]
        index.forget(gone)
        assert not np.isin(index.find(array_of(asked)), gone).any()


def test_a_dropped_segment_takes_its_keys_along():
    index = KeyIndex()
    first, second = index.new_segment(), index.new_segment()
    index.add(first, records_of([b"a" * 16]))
    index.add(second, records_of([b"b" * 16, b"c" * 16]))
    held = index.find(array_of([b"a" * 16, b"b" * 16]))
    index.drop_segment(second)
    assert index.known(held).tolist() == [True, False]
    assert index.find(array_of([b"a" * 16, b"b" * 16])).tolist() == [held[0], -1]
    assert index.new_segment() not in (first, second)


def test_erased_records_are_counted_but_not_found():
    index = KeyIndex()
    handle = index.new_segment()
    index.add(handle, np.frombuffer(ERASED + b"a" * 20 + ERASED, RECORD))
    assert (len(index), index.count(handle), index.last(handle)) == (1, 3, ERASED)
    assert index.get(bytes(16)) == -1
    assert index.get(b"a" * 16) == index.find(array_of([b"a" * 16]))[0] == 1
