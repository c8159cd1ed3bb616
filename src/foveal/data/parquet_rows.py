"""Photos whose bytes stand in the rows of Parquet files."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import Photo, status_of
from foveal.errors import FovealError
from foveal.imaging.decode import decode, read_file
from foveal.imaging.limits import DEFAULT_LIMITS

_BATCH_ROWS = 16
_KEPT_BATCHES = 6
_OPEN_FILES = 2
_BUFFER_BYTES = 2**20

# What pyarrow raises on a damaged file: ArrowInvalid is a ValueError, others are OSError and NotImplementedError.
PARQUET_FAULTS = (OSError, ValueError, NotImplementedError, KeyError, MemoryError)


class RowReader:
    """Reads cells of one column by file and row; quick where rows are asked for in about rising order.

    The last 96 rows read of each of two files are kept, so threads that take turns find what another has passed. A row
    further back makes it read its row group again from the start. May be called from many threads. Memory is about
    two data pages, in which files of large row groups hold up to 1,024 photos: 530 MB for photos of 200 kB in one row
    group of 1,500, 85 MB for those of 110 kB in row groups of 100.

    Args:
        files: The Parquet files.
        column: Name of the column: binary, or a struct of `bytes` and `path`.
    """

    def __init__(self, files: tuple[Path, ...], column: str) -> None:
        self.files = files
        self._column = column
        self._lock = threading.Lock()
        self._cursors: OrderedDict[int, _Cursor] = OrderedDict()

    def cell(self, file: int, row: int) -> Any:
        """The cell as Python knows it: bytes, a dict with `bytes` and `path`, or None.

        Raises:
            OSError, ValueError, NotImplementedError, KeyError, MemoryError: `PARQUET_FAULTS`, from the file.
        """
        with self._lock:
            cursor = self._cursors.pop(file, None) or _Cursor(self.files[file], self._column)
            self._cursors[file] = cursor
            while len(self._cursors) > _OPEN_FILES:
                self._cursors.popitem(last=False)[1].close()
            return cursor.cell(row)


class _Cursor:
    """A place in one file, and the batches of rows last passed."""

    def __init__(self, file: Path, column: str) -> None:
        from pyarrow import parquet

        # Otherwise a whole column of a row group is read at once.
        self._file = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        self._column = column
        groups = self._file.metadata
        self._ends = np.cumsum([groups.row_group(number).num_rows for number in range(groups.num_row_groups)])
        self._group = -1
        self._next = 0
        self._coming: Iterator[Any] = iter(())
        self._passed: deque[tuple[int, Any]] = deque(maxlen=_KEPT_BATCHES)

    def cell(self, row: int) -> Any:
        for start, batch in self._passed:
            if start <= row < start + len(batch):
                return batch[row - start].as_py()
        group = int(np.searchsorted(self._ends, row, side="right"))
        if group >= len(self._ends):
            raise ValueError(f"row {row:,} of {int(self._ends[-1]) if len(self._ends) else 0:,}")
        if group != self._group or row < self._next:
            self._start(group)
        while True:
            batch = next(self._coming, None)
            if batch is None:
                self._group = -1
                raise ValueError(f"row group {group} ends at row {self._next:,}")
            start, self._next = self._next, self._next + batch.num_rows
            self._passed.append((start, batch.column(0)))
            if row < self._next:
                return batch.column(0)[row - start].as_py()

    def _start(self, group: int) -> None:
        self._group = group
        self._next = int(self._ends[group - 1]) if group else 0
        self._coming = self._file.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group], columns=[self._column])

    def close(self) -> None:
        self._passed.clear()
        self._coming = iter(())
        self._file.close()


@dataclass(frozen=True, eq=False)
class ParquetRows:
    """Photos whose bytes stand in the rows of Parquet files. 12 bytes a photo.

    Args:
        reader: Reads their cells.
        which: int32 [n], index into the reader's files.
        rows: int64 [n], row in its file.
    """

    reader: RowReader
    which: NDArray[np.int32]
    rows: NDArray[np.int64]

    def photo(self, index: int, name: str) -> RowPhoto:
        """See `Places`."""
        return RowPhoto(self.reader, int(self.which[index]), int(self.rows[index]), name)

    def take(self, rows: NDArray[np.integer[Any]]) -> ParquetRows:
        """See `Places`."""
        return ParquetRows(self.reader, self.which[rows], self.rows[rows])

    def __len__(self) -> int:
        return len(self.which)


@dataclass(frozen=True, slots=True)
class RowPhoto(Photo):
    """A photo whose bytes stand in a row of a Parquet file, or in a file that the row names."""

    reader: RowReader
    which: int
    row: int
    path: str

    @property
    def name(self) -> str:
        """What the dataset calls it."""
        return self.path

    @property
    def label(self) -> str:
        """File and row."""
        return f"{self.file}[{self.row}]"

    @property
    def detail(self) -> str:
        """Its row."""
        return f"[{self.row}]"

    @property
    def file(self) -> Path:
        """The Parquet file."""
        return self.reader.files[self.which]

    def status(self) -> os.stat_result | None:
        """Of the Parquet file."""
        return status_of(self.file)

    def read(self, status: os.stat_result | None = None) -> bytes:
        """See `Photo`."""
        try:
            cell = self.reader.cell(self.which, self.row)
        except PARQUET_FAULTS as error:
            raise self._unreadable(str(error) or type(error).__name__) from error
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if data is None:
            beside = cell.get("path") if isinstance(cell, dict) else None
            if not beside:
                raise self._unreadable("neither bytes nor a path")
            return read_file(self.file.parent / beside)
        DEFAULT_LIMITS.check_bytes(len(data), name=self.name)
        return bytes(data)

    def decode(self, data: bytes, *, min_side: int = 0) -> NDArray[np.uint8]:
        """See `Photo`."""
        return decode(data, name=self.name, min_side=min_side)

    def _unreadable(self, reason: str) -> FovealError:
        return FovealError(
            "image-unreadable",
            f"{self.name}: expected a photo in row {self.row:,} of {self.file.name}, got: {reason}",
            hint=f"check {self.file}; download it again from where it came",
        )
