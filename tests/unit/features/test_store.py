from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.features import row_reader, segments
from foveal.features.store import RowStore

ROW = 24


def key(number: int) -> bytes:
    return hashlib.blake2b(str(number).encode(), digest_size=16).digest()


def row(number: int, size: int = ROW) -> bytes:
    return hashlib.shake_128(str(number).encode()).digest(size)


def keys_of(numbers) -> np.ndarray:
    return np.frombuffer(b"".join(key(number) for number in numbers), np.uint8).reshape(-1, 16)


def rows_of(numbers) -> np.ndarray:
    return np.frombuffer(b"".join(row(number) for number in numbers), np.uint8).reshape(-1, ROW)


def filled(folder: Path, numbers) -> None:
    with RowStore(folder, row_bytes=ROW) as store:
        store.extend(keys_of(numbers), rows_of(numbers))


def read(store: RowStore, numbers) -> tuple[np.ndarray, np.ndarray]:
    out = np.zeros((len(numbers), ROW), np.uint8)
    return store.gather(store.find(keys_of(numbers)), out), out


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x40
    path.write_bytes(data)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(0, 30)),
            st.tuples(st.just("extend"), st.lists(st.integers(0, 30), max_size=8)),
            st.tuples(st.just("find"), st.lists(st.integers(0, 30), max_size=8)),
            st.tuples(st.sampled_from(["reopen", "close", "refresh", "flush", "other"]), st.just(0)),
        ),
        max_size=30,
    )
)
def test_any_order_of_calls_agrees_with_a_dictionary(tmp_path_factory, calls):
    folder = tmp_path_factory.mktemp("store")
    store = RowStore(folder, row_bytes=ROW)
    model: set[int] = set()
    for name, value in calls:
        if name == "append":
            store.append(key(value), row(value))
            model.add(value)
        elif name == "extend":
            store.extend(keys_of(value), rows_of(value))
            model.update(value)
        elif name == "find":
            good, out = read(store, value)
            assert good.tolist() == [number in model for number in value]
            assert all(out[at].tobytes() == row(number) for at, number in enumerate(value) if number in model)
        elif name == "reopen":
            store.close()
            store = RowStore(folder, row_bytes=ROW)
        elif name == "other":
            with RowStore(folder, row_bytes=ROW) as other:
                other.append(key(len(model)), row(len(model)))
            store.refresh()
            model.add(len(model))
        else:
            getattr(store, name)()
        assert [number for number in range(31) if key(number) in store] == sorted(model & set(range(31)))
    assert len(store) == len(model)
    store.close()


def test_positions_may_come_in_any_order_twice_or_not_at_all(tmp_path):
    filled(tmp_path, range(100))
    store = RowStore(tmp_path, row_bytes=ROW)
    numbers = [7, 99, 500, 7, 0, 63]
    good, out = read(store, numbers)
    assert good.tolist() == [True, True, False, True, True, True]
    assert [out[at].tobytes() for at in (0, 1, 3, 4, 5)] == [row(n) for n in (7, 99, 7, 0, 63)]
    assert not out[2].any()


def test_wide_gaps_and_rows_larger_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(row_reader, "_BLOCK_BYTES", 3 * ROW + 1)
    monkeypatch.setattr(row_reader, "_GAP_BYTES", 2 * ROW)
    filled(tmp_path, range(200))
    numbers = [0, 1, 2, 3, 4, 5, 9, 12, 16, 100, 199]
    good, out = read(RowStore(tmp_path, row_bytes=ROW), numbers)
    assert good.all()
    assert out.tobytes() == b"".join(map(row, numbers))
    monkeypatch.setattr(row_reader, "_BLOCK_BYTES", 1)
    good, out = read(RowStore(tmp_path, row_bytes=ROW), numbers)
    assert good.all()
    assert out.tobytes() == b"".join(map(row, numbers))


def test_float16_rows_and_columns_of_a_wider_array(tmp_path):
    values = np.arange(60, dtype=np.float16).reshape(5, 12)
    with RowStore(tmp_path, row_bytes=12) as store:
        store.append(key(0), values[0, ::2])
        store.extend(keys_of([0, 1, 2, 1]), values[[0, 1, 2, 3], ::2])
        out = np.empty((3, 6), np.float16)
        assert store.gather(store.find(keys_of([2, 0, 1])), out).all()
        np.testing.assert_array_equal(out, values[[2, 0, 1], ::2])
        assert len(store) == 3


def test_a_key_is_stored_once_and_the_first_row_stays(tmp_path):
    with RowStore(tmp_path, row_bytes=ROW) as store:
        store.append(key(1), row(1))
        store.append(key(1), row(2))
        store.extend(keys_of([1, 3, 3]), rows_of([2, 3, 4]))
        good, out = read(store, [1, 3])
        assert good.all()
        assert out.tobytes() == row(1) + row(3)
    assert (tmp_path / "000.rows").stat().st_size == 2 * ROW


def test_a_hundred_thousand_rows_are_quick(tmp_path):
    count = 100_000
    random = np.random.default_rng(3)
    keys = random.integers(0, 256, (count, 16), dtype=np.uint8)
    rows = random.integers(0, 256, (count, 8), dtype=np.uint8)
    with RowStore(tmp_path, row_bytes=8) as store:
        for start in range(0, count, 1000):
            store.extend(keys[start : start + 1000], rows[start : start + 1000])
        assert keys[70_000].tobytes() in store
        assert (store.find(keys[:10]) >= 0).all()
    store = RowStore(tmp_path, row_bytes=8)
    order = random.permutation(count)
    out = np.empty((count, 8), np.uint8)
    assert store.gather(store.find(keys[order]), out).all()
    np.testing.assert_array_equal(out, rows[order])
    assert len(store) == count
    assert (store.find(keys ^ 1) == -1).all()


@pytest.mark.parametrize("offset", [0, ROW - 1, 5 * ROW + 3])
def test_a_damaged_row_counts_as_absent_and_can_be_stored_anew(tmp_path, offset):
    filled(tmp_path, range(10))
    flip(tmp_path / "000.rows", offset)
    damaged = offset // ROW
    with RowStore(tmp_path, row_bytes=ROW) as store:
        good, out = read(store, range(10))
        assert np.flatnonzero(~good).tolist() == [damaged]
        assert not out[damaged].any()
        assert key(damaged) not in store
        assert len(RowStore(tmp_path, row_bytes=ROW)) == 9  # struck out on disk too
        store.append(key(damaged), row(damaged))
        assert read(store, range(10))[0].all()
    good, out = read(RowStore(tmp_path, row_bytes=ROW), range(10))
    assert good.all()
    assert out.tobytes() == rows_of(range(10)).tobytes()


@pytest.mark.parametrize("offset", range(20))
def test_any_flipped_byte_of_a_key_record_loses_only_that_row(tmp_path, offset):
    filled(tmp_path, range(5))
    flip(tmp_path / "000.keys", 2 * 20 + offset)
    store = RowStore(tmp_path, row_bytes=ROW)
    good, out = read(store, range(5))
    assert good.tolist() == [True, True, False, True, True]
    assert out[good].tobytes() == rows_of([0, 1, 3, 4]).tobytes()
    every = store.find(np.frombuffer((tmp_path / "000.keys").read_bytes(), np.uint8).reshape(-1, 20)[:, :16])
    assert np.count_nonzero(store.gather(every, np.empty((5, ROW), np.uint8))) == 4


def test_damage_is_still_noticed_where_nothing_may_be_written(tmp_path, monkeypatch):
    filled(tmp_path, range(3))
    flip(tmp_path / "000.rows", 0)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("foveal.features.store.erase_records", refuse)
    store = RowStore(tmp_path, row_bytes=ROW)
    assert read(store, range(3))[0].tolist() == [False, True, True]
    assert key(0) not in store
    assert key(0) in RowStore(tmp_path, row_bytes=ROW)


@pytest.mark.parametrize("damaged", ["000.rows", "001.rows"])
def test_a_good_copy_in_another_segment_stands_in_for_a_damaged_row(tmp_path, damaged):
    with RowStore(tmp_path, row_bytes=ROW) as first, RowStore(tmp_path, row_bytes=ROW) as second:
        assert len(first) == len(second) == 0
        for store in (first, second):
            store.extend(keys_of([4, 5, 6]), rows_of([4, 5, 6]))
    flip(tmp_path / damaged, ROW)
    for _ in range(2):
        good, out = read(RowStore(tmp_path, row_bytes=ROW), [5, 6, 5, 4])
        assert good.all()
        assert out.tobytes() == rows_of([5, 6, 5, 4]).tobytes()


@pytest.mark.parametrize("cut", [1, 19, 20, 33, 99, 100])
def test_truncated_keys(tmp_path, cut):
    filled(tmp_path, range(5))
    path = tmp_path / "000.keys"
    path.write_bytes(path.read_bytes()[: 100 - cut])
    left = (100 - cut) // 20
    check_and_refill(tmp_path, left)


@pytest.mark.parametrize("cut", [1, ROW, 3 * ROW - 1, 5 * ROW])
def test_truncated_rows(tmp_path, cut):
    filled(tmp_path, range(5))
    path = tmp_path / "000.rows"
    path.write_bytes(path.read_bytes()[: 5 * ROW - cut])
    check_and_refill(tmp_path, (5 * ROW - cut) // ROW)


def check_and_refill(folder: Path, left: int) -> None:
    with RowStore(folder, row_bytes=ROW) as store:
        assert len(store) == left
        assert read(store, range(5))[0].tolist() == [number < left for number in range(5)]
        store.extend(keys_of(range(6)), rows_of(range(6)))
    good, out = read(RowStore(folder, row_bytes=ROW), range(6))
    assert good.all()
    assert out.tobytes() == rows_of(range(6)).tobytes()
    assert (folder / "000.rows").stat().st_size == 6 * ROW


def test_a_tail_of_zeros_after_a_power_cut_is_cut_off(tmp_path):
    filled(tmp_path, range(5))
    with (tmp_path / "000.rows").open("ab") as rows, (tmp_path / "000.keys").open("ab") as keys:
        rows.write(bytes(7 * ROW))
        keys.write(bytes(20 * 2) + key(9) + bytes(4) + bytes(20 * 4))
    with RowStore(tmp_path, row_bytes=ROW) as store:
        assert read(store, [4, 9])[0].tolist() == [True, False]
        store.append(key(9), row(9))
        good, out = read(store, [0, 4, 9])
        assert good.all()
        assert out[2].tobytes() == row(9)
    assert (tmp_path / "000.rows").stat().st_size == 6 * ROW


def test_positions_from_before_a_cut_never_lead_to_another_row(tmp_path):
    filled(tmp_path, range(5))
    store = RowStore(tmp_path, row_bytes=ROW)
    held = store.find(keys_of(range(5)))
    flip(tmp_path / "000.rows", 4 * ROW)
    with store:
        store.append(key(7), row(7))  # taking the segment drops the damaged last row
        out = np.zeros((5, ROW), np.uint8)
        good = store.gather(held, out)
        assert all(out[at].tobytes() == row(at) for at in np.flatnonzero(good))
        assert not good[4]
        assert read(store, [0, 1, 2, 3, 7])[0].all()


def test_a_store_replaced_on_disk_is_read_anew(tmp_path):
    filled(tmp_path, range(5))
    store = RowStore(tmp_path, row_bytes=ROW)
    held = store.find(keys_of(range(5)))
    for name in ("000.keys", "000.rows"):
        (tmp_path / name).unlink()
    filled(tmp_path, range(10, 20))
    out = np.zeros((5, ROW), np.uint8)
    assert not store.gather(held, out).any()
    assert not out.any()
    assert len(RowStore(tmp_path, row_bytes=ROW)) == 10  # nothing of the new rows was struck out
    store.refresh()
    good, out = read(store, range(10, 20))
    assert good.all()
    assert out.tobytes() == rows_of(range(10, 20)).tobytes()
    assert key(0) not in store


def test_a_removed_store_is_empty_and_takes_rows_again(tmp_path):
    folder = tmp_path / "space"
    filled(folder, range(5))
    store = RowStore(folder, row_bytes=ROW, description={"kind": "test"})
    held = store.find(keys_of(range(5)))
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert not store.gather(held, np.empty((5, ROW), np.uint8)).any()
    with store:
        store.append(key(1), row(1))
    assert read(RowStore(folder, row_bytes=ROW), [1])[0].all()
    assert json.loads((folder / "space.json").read_text())["description"] == {"kind": "test"}


def test_rows_of_another_process_show_after_refresh(tmp_path):
    store = RowStore(tmp_path, row_bytes=ROW)
    assert len(store) == 0
    filled(tmp_path, range(3))
    assert key(0) not in store
    store.refresh()
    assert read(store, range(3))[0].all()
    filled(tmp_path, range(6))
    store.refresh()
    store.refresh()
    assert len(store) == 6


def test_two_stores_in_one_process_write_to_two_segments(tmp_path):
    with RowStore(tmp_path, row_bytes=ROW) as first, RowStore(tmp_path, row_bytes=ROW) as second:
        first.append(key(1), row(1))
        second.append(key(2), row(2))
        assert segments.segment_numbers(tmp_path) == [0, 1]
        first.refresh()
        assert read(first, [1, 2])[0].all()
    filled(tmp_path, [3])
    assert segments.segment_numbers(tmp_path) == [0, 1]
    assert read(RowStore(tmp_path, row_bytes=ROW), [1, 2, 3])[0].all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"protocol": 1, "row_bytes": 48, "description": {}}', "rows of 24 bytes, got a cache with rows of 48"),
        ('{"protocol": 2, "row_bytes": 24, "description": {}}', "protocol 1 or older, got 2"),
        ("[]", "expected the description"),
        ('{"protocol": 1', "expected the description"),
        ("\udcff", "expected the description"),
    ],
)
def test_a_foreign_folder_is_refused(tmp_path, text, words):
    (tmp_path / "space.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(FovealError, match=words) as caught:
        RowStore(tmp_path, row_bytes=ROW)
    assert caught.value.code == "cache-foreign"
    assert str(tmp_path / "space.json") in caught.value.message


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.append(b"short", row(0)),
        lambda store: store.append(key(0), row(0)[1:]),
        lambda store: store.append(key(0), np.zeros(ROW, np.float16)),
        lambda store: store.extend(keys_of([0, 1]), rows_of([0])),
        lambda store: store.extend(keys_of([0]), np.zeros((1, ROW), np.float16)),
        lambda store: store.find(np.zeros((2, 15), np.uint8)),
        lambda store: store.find(np.zeros((2, 16), np.int8)),
        lambda store: store.gather(np.zeros(2, np.int64), np.empty((3, ROW), np.uint8)),
        lambda store: store.gather(np.zeros(2, np.int64), np.empty((2, 2 * ROW), np.uint8)[:, ::2]),
        lambda store: RowStore(store.folder / "other", row_bytes=0),
    ],
)
def test_other_sizes_are_refused(tmp_path, call):
    store = RowStore(tmp_path, row_bytes=ROW)
    with pytest.raises(FovealError) as caught:
        call(store)
    assert caught.value.code == "bad-row"
    assert len(store) == 0
    assert b"short" not in store


@pytest.mark.parametrize("fails_at", ["rows", "keys"])
def test_a_full_disk_leaves_a_readable_store(tmp_path, monkeypatch, fails_at):
    write = segments.SegmentWriter.append

    def half(self, records, rows):
        self._rows.write(rows if fails_at == "keys" else rows[:5])
        if fails_at == "keys":
            self._keys.write(records[:7])
        raise OSError(28, "No space left on device")

    store = RowStore(tmp_path, row_bytes=ROW)
    store.append(key(1), row(1))
    monkeypatch.setattr(segments.SegmentWriter, "append", half)
    with pytest.raises(FovealError, match="No space left") as caught:
        store.append(key(2), row(2))
    assert caught.value.code == "cannot-write"
    assert read(store, [1, 2])[0].tolist() == [True, False]
    monkeypatch.setattr(segments.SegmentWriter, "append", write)
    with store:
        store.append(key(3), row(3))
    good, out = read(RowStore(tmp_path, row_bytes=ROW), [1, 3])
    assert good.all()
    assert out.tobytes() == row(1) + row(3)
    assert (tmp_path / "000.rows").stat().st_size == 2 * ROW


def test_an_interrupt_between_the_two_files_is_mended(tmp_path, monkeypatch):
    write = segments.SegmentWriter.append

    def interrupted(self, records, rows):
        self._rows.write(rows)
        raise KeyboardInterrupt

    with RowStore(tmp_path, row_bytes=ROW) as store:
        monkeypatch.setattr(segments.SegmentWriter, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.append(key(1), row(1))
        monkeypatch.setattr(segments.SegmentWriter, "append", write)
        store.append(key(2), row(2))
        good, out = read(store, [1, 2])
        assert good.tolist() == [False, True]
        assert out[1].tobytes() == row(2)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FovealError) as caught:
        RowStore(tmp_path / "file" / "store", row_bytes=ROW)
    assert caught.value.code == "cannot-write"
