"""Rows of equal size by 16-byte key, kept on disk: for several processes at once and a kill at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.features.key_index import KeyIndex
from foveal.features.row_reader import read_rows
from foveal.features.segments import (
    ERASED,
    KEY_BYTES,
    RECORD,
    SegmentWriter,
    doorway,
    erase_records,
    read_records,
    row_check,
    rows_file,
    segment_numbers,
)
from foveal.storage import cannot_write, write_atomically

PROTOCOL = 1
SPACE_FILE = "space.json"
# Rows looked at in one go while gathering; bounds the working memory.
_GATHER_ROWS = 1 << 16


class RowStore:
    """Rows of equal size by 16-byte key in one folder; rows are added, never changed.

    On disk there are segments `000.keys` and `000.rows`, `001.keys` and so on. Record i of a `.keys` file is the
    16-byte key and, little-endian, the CRC32 of key and row; row i of the `.rows` file is the row. A process appends to
    the first segment that it can lock, so there are as many segments as there ever were writers at once. `space.json`
    names the protocol, the size of a row and what the rows are.

    A store is a cache. A row that cannot be read back exactly as it was written counts as absent, and appending it
    again replaces it. All methods may be called from many threads.

    Args:
        folder: Folder of the store; made when absent.
        row_bytes: Bytes in one row.
        description: What the rows are, as JSON values; written to `space.json` when the store is new.
        door: Lock file held while segments are taken or removed; the default is one in the folder.

    Attributes:
        folder: Folder of the store.
        row_bytes: Bytes in one row.

    Raises:
        FovealError: `cache-foreign` when the folder holds rows of another size, of a newer foveal, or something else;
            `cannot-write` when the folder cannot be made; `bad-row` when `row_bytes` is below 1.
    """

    def __init__(
        self,
        folder: Path,
        *,
        row_bytes: int,
        description: Mapping[str, object] | None = None,
        door: Path | None = None,
    ) -> None:
        if row_bytes < 1:
            raise _bad_row("rows of at least one byte", f"{row_bytes}")
        self.folder = folder
        self.row_bytes = row_bytes
        self._description = dict(description or {})
        self._door = door or folder / "door.lock"
        self._lock = threading.RLock()
        self._index = KeyIndex()
        self._handles: dict[int, int] = {}
        self._loaded = False
        self._writer: SegmentWriter | None = None
        self._inherited: list[SegmentWriter] = []
        self._claim_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Rows held. A row that two processes stored at the same time counts twice."""
        with self._lock:
            self._load()
            return len(self._index)

    def __contains__(self, key: bytes) -> bool:
        with self._lock:
            self._load()
            return len(key) == KEY_BYTES and self._index.get(key) >= 0

    def find(self, keys: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Positions of keys, to hand to `gather`.

        Args:
            keys: uint8 [n, 16].

        Returns:
            int64 [n], -1 where there is no such row. No position ever stands for another row while this object lives.

        Raises:
            FovealError: `bad-row` when the keys have another shape or type.
        """
        _check_keys(keys)
        with self._lock:
            self._load()
            return self._index.find(keys)

    def refresh(self) -> None:
        """Take in the rows that other processes added since the store was first read or last refreshed."""
        with self._lock:
            self._loaded = True
            present = segment_numbers(self.folder)
            for number in set(self._handles) - set(present):
                self._index.drop_segment(self._handles.pop(number))
            for number in present:
                self._read_segment(number)

    def append(self, key: bytes, row: bytes | bytearray | memoryview | NDArray[Any]) -> None:
        """Store a row, unless its key is known here already.

        The row is handed to the system at once: when the process is killed in the next moment, it is kept.

        Args:
            key: 16 bytes that no other row has.
            row: `row_bytes` bytes; of an array, its items in C order.

        Raises:
            FovealError: `bad-row` when key or row have another size; `cannot-write` when the disk is full or may not be
                written; the store can still be read then, and appended to once there is space.
        """
        if len(key) != KEY_BYTES:
            raise _bad_row(f"a key of {KEY_BYTES} bytes", f"{len(key)}")
        data = _plain_bytes(row)
        if len(data) != self.row_bytes:
            raise _bad_row(f"a row of {self.row_bytes} bytes", f"{len(data)}")
        with self._lock:
            self._load()
            if self._index.get(key) >= 0:
                return
            writer = self._take_segment()
            if self._index.get(key) < 0:  # unless the segment's last writer stored it since this store was refreshed
                self._write(writer, key + row_check(key, data).to_bytes(4, "little"), data)

    def extend(self, keys: NDArray[np.uint8], rows: NDArray[Any]) -> None:
        """Store many rows with two calls to the system; those whose key is known here already are left out.

        Better than `append` in a loop where other threads run Python code: each call to the system may have to wait
        5 ms for the interpreter's lock (beside two busy threads `extend` with 64 rows was 14 to 55 times as fast).

        Args:
            keys: uint8 [n, 16].
            rows: Array whose first axis is n and whose items are `row_bytes` bytes each.

        Raises:
            FovealError: as `append`.
        """
        _check_keys(keys)
        if len(rows) != len(keys) or rows.nbytes != len(keys) * self.row_bytes:
            raise _bad_row(f"{len(keys)} rows of {self.row_bytes} bytes", f"{rows.dtype} {list(rows.shape)}")
        with self._lock:
            self._load()
            if (self._index.find(keys) >= 0).all():
                return
            writer = self._take_segment()
            # Reversed, so that of rows with the same key the first is stored.
            fresh = np.flatnonzero(self._index.find(keys) < 0)[::-1]
            numbers = sorted({keys[number].tobytes(): number for number in fresh.tolist()}.values())
            chosen = rows if len(numbers) == len(rows) else rows[numbers]
            data = _plain_bytes(chosen)
            records = bytearray()
            for place, number in enumerate(numbers):
                key = keys[number].tobytes()
                row = data[place * self.row_bytes : (place + 1) * self.row_bytes]
                records += key + row_check(key, row).to_bytes(4, "little")
            self._write(writer, bytes(records), data)

    def gather(self, positions: NDArray[np.int64], out: NDArray[Any]) -> NDArray[np.bool_]:
        """Read rows into an array, in the order in which they lie on the disk.

        Args:
            positions: int64 [n] from `find`; -1 is allowed.
            out: Array whose first axis is n and whose items are `row_bytes` bytes each, C-contiguous.

        Returns:
            bool [n]: which rows were read and match their CRC. The others are as they were in `out`; they count as
            absent from now on, so that `append` stores them anew, and damaged ones are struck out on disk.

        Raises:
            FovealError: `bad-row` when `out` has another size.
        """
        if not out.flags.c_contiguous or len(out) != len(positions) or out.nbytes != len(positions) * self.row_bytes:
            wanted = f"C-contiguous output of {len(positions)} rows, {self.row_bytes} bytes each"
            raise _bad_row(wanted, f"{out.dtype} {list(out.shape)} with strides {list(out.strides)}")
        rows = out.reshape(-1).view(np.uint8).reshape(len(positions), self.row_bytes)
        good = np.zeros(len(positions), bool)
        order = np.argsort(positions)
        for start in range(int(np.count_nonzero(positions < 0)), len(order), _GATHER_ROWS):
            places = order[start : start + _GATHER_ROWS]
            wanted_rows = positions[places]
            while len(places):
                read = self._gather_some(wanted_rows, places, rows)
                good[places[read]] = True
                places, wanted_rows = self._elsewhere(places[~read], wanted_rows[~read])
        return good

    def flush(self) -> None:
        """Have the system put what this process appended on the disk, so that it also outlives a power cut.

        Raises:
            FovealError: `cannot-write`.
        """
        with self._lock:
            if self._writer is not None:
                try:
                    self._writer.sync()
                except OSError as error:
                    raise cannot_write(rows_file(self.folder, self._writer.number), error) from error

    def close(self) -> None:
        """Leave the segment to other processes. The store can still be read, and a later append takes one again."""
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is not None and writer.process_id == os.getpid():
                writer.close()

    def _write(self, writer: SegmentWriter, records: bytes, rows: memoryview) -> None:
        try:
            writer.append(records, rows)
            self._index.add(self._handles[writer.number], np.frombuffer(records, RECORD))
        except OSError as error:
            self.close()
            raise cannot_write(rows_file(self.folder, writer.number), error) from error
        except BaseException:  # an interrupt between the two files: taking the segment again mends it
            self.close()
            raise

    def _gather_some(
        self, positions: NDArray[np.int64], places: NDArray[np.int64], rows: NDArray[np.uint8]
    ) -> NDArray[np.bool_]:
        """Read rows at ascending positions of any segments into `rows[places]`."""
        with self._lock:
            known = self._index.known(positions)
            records = self._index.records(positions[known])
            numbers = {handle: number for number, handle in self._handles.items()}
        read = np.zeros(len(positions), bool)
        handles, at_row = KeyIndex.split(positions[known])
        done = np.zeros(len(records), bool)
        # not np.unique, whose first call imports numpy.ma: 30 ms of a cold start
        for handle in sorted(set(handles.tolist())):
            here = handles == handle
            path = rows_file(self.folder, numbers[handle])
            good, damaged = read_rows(path, at_row[here], records[here], places[known][here], rows)
            done[here] = good
            if damaged.any():
                self._erase(numbers[handle], at_row[here][damaged], records[here][damaged])
        read[known] = done
        return read

    def _erase(self, number: int, at_row: NDArray[np.int64], records: NDArray[Any]) -> None:
        # Where it may not be written the row is still forgotten here; every other process then finds out by itself.
        with contextlib.suppress(OSError, FovealError), doorway(self._door):
            erase_records(self.folder, number, at_row, records)

    def _elsewhere(
        self, places: NDArray[np.int64], bad: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Forget bad rows; return the places of those that are also stored elsewhere, and where, ascending."""
        if not len(bad):
            return places, bad
        with self._lock:
            known = self._index.known(bad)
            keys = self._index.keys(bad[known])
            self._index.forget(bad[known])
            again = self._index.find(keys)
        order = np.argsort(again)[np.count_nonzero(again < 0) :]
        return places[known][order], again[order]

    def _load(self) -> None:
        if not self._loaded:
            self.refresh()

    def _read_segment(self, number: int) -> None:
        """Take in what is new in a segment; all of it anew when it was cut or replaced since."""
        handle = self._handles.get(number)
        if handle is not None:
            known = self._index.count(handle)
            # One record back: it shows whether the file still continues what was read.
            fresh = read_records(self.folder, number, start=max(known - 1, 0), row_bytes=self.row_bytes)
            if known == 0 or (len(fresh) and fresh[0].tobytes() in {self._index.last(handle), ERASED}):
                self._index.add(handle, fresh[min(known, 1) :])
                return
            self._index.drop_segment(handle)
        handle = self._handles[number] = self._index.new_segment()
        self._index.add(handle, read_records(self.folder, number, start=0, row_bytes=self.row_bytes))

    def _take_segment(self) -> SegmentWriter:
        """The segment that this process appends to; one is taken, and read up to its end, when there is none."""
        if self._writer is not None:
            if self._writer.process_id == os.getpid():
                return self._writer
            # After a fork the segment is the parent's. Kept, since letting go of it here could free the parent's lock.
            self._inherited.append(self._writer)
            self._writer = None
        self._claim_folder()
        self._writer = writer = SegmentWriter(self.folder, row_bytes=self.row_bytes, door=self._door)
        try:
            self._claim_folder()  # again, for it may have been cleared away in between; now it cannot be
            self._read_segment(writer.number)
        except BaseException:
            self.close()
            raise
        return writer

    def _claim_folder(self) -> None:
        path = self.folder / SPACE_FILE
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            space = {"protocol": PROTOCOL, "row_bytes": self.row_bytes, "description": self._description}
            with write_atomically(path) as file:
                file.write(json.dumps(space, indent=1, ensure_ascii=False, allow_nan=False).encode())
            return
        except OSError as error:
            raise cannot_write(path, error) from error
        _check_space(path, text, row_bytes=self.row_bytes)


def _plain_bytes(row: bytes | bytearray | memoryview | NDArray[Any]) -> memoryview:
    if isinstance(row, np.ndarray):
        return np.ascontiguousarray(row).reshape(-1).view(np.uint8).data
    return memoryview(row).cast("B")


def _check_keys(keys: NDArray[np.uint8]) -> None:
    if keys.dtype != np.uint8 or keys.ndim != 2 or keys.shape[1] != KEY_BYTES:
        raise _bad_row("keys as uint8 [n, 16]", f"{keys.dtype} {list(keys.shape)}")


def _check_space(path: Path, text: bytes, *, row_bytes: int) -> None:
    try:
        space = json.loads(text)
        protocol, found = int(space["protocol"]), int(space["row_bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise _foreign(path, f"expected the description of a foveal cache, got {text[:40]!r}") from error
    if protocol > PROTOCOL:
        raise _foreign(path, f"expected cache protocol {PROTOCOL} or older, got {protocol} from a newer foveal")
    if found != row_bytes:
        raise _foreign(path, f"expected rows of {row_bytes} bytes, got a cache with rows of {found} bytes")


def _foreign(path: Path, message: str) -> FovealError:
    hint = "remove the cache with `foveal cache clear`, or set FOVEAL_CACHE to another folder"
    return FovealError("cache-foreign", f"{path}: {message}", hint=hint)


def _bad_row(expected: str, got: str) -> FovealError:
    return FovealError("bad-row", f"expected {expected}, got {got}", hint="pass what the store was opened for")
