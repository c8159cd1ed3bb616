"""Finds the position of a 16-byte key among millions, in memory: about 36 bytes a key."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.features.segments import KEY_BYTES, RECORD

# A position is handle * 2**40 + row. Room for 10**12 rows in a segment and 8 million handles.
_ROW_BITS = 40
_ROW_MASK = (1 << _ROW_BITS) - 1
# Keys added one by one wait in a dictionary (about 150 bytes each) until a sort is worth its time.
_FOLD_AT = 1 << 16
# Looked up at a time, so that the working arrays stay at a few megabytes however many keys are asked for.
_CHUNK = 1 << 17


class KeyIndex:
    """Positions by key over several segments. Not thread-safe; `RowStore` holds its lock around every call.

    A segment is known by a handle that is never given out twice. Where a segment was cut or replaced on disk it gets
    a new one, so a position that somebody still holds can only fail, never lead to another row.

    Keys are expected to be hashes: they are sorted by their first eight bytes, and the keys that share those are gone
    through one by one.
    """

    def __init__(self) -> None:
        self._records: dict[int, _Records] = {}
        self._next_handle = 0
        self._first: NDArray[np.uint64] = np.empty(0, np.uint64)
        self._positions: NDArray[np.int64] = np.empty(0, np.int64)
        self._recent: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._positions) + len(self._recent)

    def new_segment(self) -> int:
        """A handle for a segment, empty so far."""
        handle = self._next_handle
        self._next_handle += 1
        self._records[handle] = _Records()
        return handle

    def drop_segment(self, handle: int) -> None:
        """Forget a segment and all its keys."""
        del self._records[handle]
        self._recent = {key: at for key, at in self._recent.items() if at >> _ROW_BITS != handle}
        self._keep(self._positions >> _ROW_BITS != handle)

    def count(self, handle: int) -> int:
        """Records known of a segment, those forgotten one by one included."""
        return self._records[handle].count

    def last(self, handle: int) -> bytes:
        """The last record known of a segment, as it stands in the file."""
        records = self._records[handle]
        return bytes(records.data[records.count - 1].tobytes())

    def add(self, handle: int, records: NDArray[Any]) -> None:
        """Add the records that follow those already known of a segment.

        Args:
            handle: The segment.
            records: Structured array [n] of `RECORD`, in file order.
        """
        start = self._records[handle].extend(records) | handle << _ROW_BITS
        present = (records["first"] != 0) | (records["second"] != 0) | (records["check"] != 0)  # the rest is `ERASED`
        positions = start + np.flatnonzero(present)
        if len(self._recent) + len(positions) > _FOLD_AT:
            self._fold(positions)
            return
        keys = _key_bytes(records[present])
        for number, position in enumerate(positions.tolist()):
            key = keys[number * KEY_BYTES : (number + 1) * KEY_BYTES]
            if key in self._recent:  # two processes stored it; the other copy may be needed should one be damaged
                self._fold(np.empty(0, np.int64))
            self._recent[key] = position

    def get(self, key: bytes) -> int:
        """Position of one key, or -1."""
        position = self._recent.get(key)
        if position is not None:
            return position
        first, second = np.frombuffer(key, "<u8")
        at = int(self._first.searchsorted(first))
        while at < len(self._first) and self._first[at] == first:
            found = int(self._positions[at])
            if self._records[found >> _ROW_BITS].data["second"][found & _ROW_MASK] == second:
                return found
            at += 1
        return -1

    def find(self, keys: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Positions of many keys.

        Args:
            keys: uint8 [n, 16].

        Returns:
            int64 [n], -1 where a key is not there.
        """
        if self._recent and len(keys) > _FOLD_AT >> 4:
            self._fold(np.empty(0, np.int64))
        found = np.full(len(keys), -1, np.int64)
        for start in range(0, len(keys), _CHUNK):
            chunk = np.ascontiguousarray(keys[start : start + _CHUNK])
            found[start : start + _CHUNK] = self._find_sorted(chunk.view("<u8"))
        if self._recent:
            for number in range(len(keys)):
                found[number] = self._recent.get(keys[number].tobytes(), found[number])
        return found

    def known(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which positions stand for a record of a segment that is still there.

        Args:
            positions: int64 [n].

        Returns:
            bool [n].
        """
        good = np.zeros(len(positions), bool)
        for handle, records in self._records.items():
            start = handle << _ROW_BITS
            good |= (positions >= start) & (positions < start + records.count)
        return good

    def records(self, positions: NDArray[np.int64]) -> NDArray[Any]:
        """Records at positions that are all `known`: structured array [n] of `RECORD`."""
        handles = positions >> _ROW_BITS
        found = np.empty(len(positions), RECORD)
        for handle, records in self._records.items():
            here = handles == handle
            if here.any():
                found[here] = records.data[positions[here] & _ROW_MASK]
        return found

    def keys(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Keys at positions that are all `known`: uint8 [n, 16]."""
        records = self.records(positions)
        return np.frombuffer(_key_bytes(records), np.uint8).reshape(len(records), KEY_BYTES)

    @staticmethod
    def split(positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Segment handles and rows of positions: two int64 [n]."""
        return positions >> _ROW_BITS, positions & _ROW_MASK

    def forget(self, positions: NDArray[np.int64]) -> None:
        """Find these positions no more; another position of the same key is found in their place."""
        gone = set(positions.tolist())
        self._recent = {key: at for key, at in self._recent.items() if at not in gone}
        self._keep(~np.isin(self._positions, positions))

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        self._first = self._first[mask]
        self._positions = self._positions[mask]

    def _fold(self, positions: NDArray[np.int64]) -> None:
        """Sort the recent keys, and those at `positions`, in with the rest."""
        recent = np.fromiter(self._recent.values(), np.int64, len(self._recent))
        fresh = np.concatenate([recent, positions])
        first = np.concatenate([self._first, self.records(fresh)["first"]])
        order = np.argsort(first, kind="stable")  # merges runs that are sorted already
        self._first = first[order]
        self._positions = np.concatenate([self._positions, fresh])[order]
        self._recent = {}

    def _find_sorted(self, halves: NDArray[np.uint64]) -> NDArray[np.int64]:
        found = np.full(len(halves), -1, np.int64)
        # In order, neighbouring look-ups touch neighbouring memory: three times as fast for a million keys.
        asked = np.argsort(halves[:, 0])
        at = self._first.searchsorted(halves[asked, 0])
        while True:
            inside = at < len(self._first)
            asked, at = asked[inside], at[inside]
            alike = self._first[at] == halves[asked, 0]
            asked, at = asked[alike], at[alike]
            if not len(asked):
                return found
            same = self.records(self._positions[at])["second"] == halves[asked, 1]
            found[asked[same]] = self._positions[at[same]]
            asked, at = asked[~same], at[~same] + 1


class _Records:
    """The records of one segment in file order, with room to grow."""

    def __init__(self) -> None:
        self.data: NDArray[Any] = np.empty(0, RECORD)
        self.count = 0

    def extend(self, records: NDArray[Any]) -> int:
        """Add records and return the row of the first."""
        start, stop = self.count, self.count + len(records)
        if stop > len(self.data):
            grown = np.empty(max(stop, len(self.data) * 3 // 2), RECORD)
            grown[:start] = self.data[:start]
            self.data = grown
        self.data[start:stop] = records
        self.count = stop
        return start


def _key_bytes(records: NDArray[Any]) -> bytes:
    """The keys of records, one after the other."""
    return records.view(np.uint8).reshape(len(records), RECORD.itemsize)[:, :KEY_BYTES].tobytes()
