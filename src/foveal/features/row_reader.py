"""Reads rows out of one rows file, neighbours together, and checks each against its CRC."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from foveal.features.segments import KEY_BYTES, row_check

# Read at a time: small enough to stay in the processor's cache between the read, the check and the copy.
_BLOCK_BYTES = 1 << 20
# Reading over a gap this small costs less than a second call to the system.
_GAP_BYTES = 1 << 15


def read_rows(
    path: Path,
    at_row: NDArray[np.int64],
    records: NDArray[Any],
    places: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Read rows from a file into an array.

    The file is read, not mapped: were it cut short by another process, reading a map would end this one.

    Args:
        path: The rows file.
        at_row: int64 [m], ascending: which rows of the file.
        records: Structured array [m] of `RECORD`: what their keys and CRCs should be.
        places: int64 [m]: row of `out` that each goes to.
        out: uint8 [n, row_bytes].

    Returns:
        good: bool [m]: which rows could be read and match; only these are written to `out`.
        damaged: bool [m]: which rows are not what was written. Those in neither could not be read at all.
    """
    row_bytes = out.shape[1]
    block_rows = max(1, _BLOCK_BYTES // row_bytes)
    good, damaged = np.zeros((2, len(at_row)), bool)
    scratch = np.empty((block_rows, row_bytes), np.uint8)
    keys = records.view(np.uint8).reshape(len(records), -1)[:, :KEY_BYTES].tobytes()
    checks = records["check"].tolist()
    # Removed by another process, or a bad sector: what could not be read is absent.
    with contextlib.suppress(OSError), path.open("rb", buffering=0) as file:
        for start, stop in _blocks(at_row, block_rows, _GAP_BYTES // row_bytes):
            offsets = at_row[start:stop] - at_row[start]
            data = _read(file, int(at_row[start]) * row_bytes, scratch[: int(offsets[-1]) + 1])
            for number, offset in enumerate((offsets * row_bytes).tolist(), start):
                key = keys[number * KEY_BYTES : (number + 1) * KEY_BYTES]
                row = data[offset : offset + row_bytes]
                good[number] = len(row) == row_bytes and row_check(key, row) == checks[number]
            fine = good[start:stop]
            damaged[start:stop] = ~fine
            out[places[start:stop][fine]] = scratch[offsets[fine]]
    return good, damaged


def _read(file: IO[bytes], position: int, block: NDArray[np.uint8]) -> memoryview:
    """Fill a block from a position of the file; return the part of it that there was."""
    room = block.reshape(-1).data
    file.seek(position)
    done = 0
    while done < len(room):
        count = file.readinto(room[done:])  # type: ignore[attr-defined]
        if not count:
            break
        done += count
    return room[:done]


def _blocks(at_row: NDArray[np.int64], block_rows: int, gap_rows: int) -> Iterator[tuple[int, int]]:
    """Cut ascending rows into runs that span at most `block_rows` and have no gap above `gap_rows`."""
    gaps = np.flatnonzero(np.diff(at_row) > gap_rows + 1) + 1
    start = 0
    for end in [*gaps.tolist(), len(at_row)]:
        while start < end:
            stop = min(end, int(at_row.searchsorted(at_row[start] + block_rows)))
            yield start, stop
            start = stop
