"""Parquet files with a path column; photos inside Parquet files are another form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from foveal.data.parquet_rows import PARQUET_FAULTS
from foveal.data.sources.table_refusals import unreadable
from foveal.errors import FovealError

_BATCH_ROWS = 1 << 14


class ParquetTable:
    """A Parquet file; read in batches of 16,384 rows, and only the columns that are wanted.

    Args:
        path: The file.

    Raises:
        FovealError: `needs-extra`: no pyarrow. `table-unreadable`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            from pyarrow import types
        except ImportError as error:
            raise FovealError(
                "needs-extra",
                f"{path.name}: expected pyarrow for Parquet files, got none",
                hint='pip install "foveal[parquet]", or save the table as CSV',
            ) from error
        with self._file() as file:
            schema = file.schema_arrow
        self.columns = tuple(schema.names)
        hold_bytes = (types.is_struct, types.is_binary, types.is_large_binary)
        self.without_text = tuple(field.name for field in schema if any(holds(field.type) for holds in hold_bytes))

    def rows(self, wanted: Sequence[int | None]) -> Iterator[tuple[Any, ...]]:
        """See `TextTable.rows`; cells are what Parquet says: text, numbers, lists, None."""
        names = [None if each is None else self.columns[each] for each in wanted]
        needed = sorted({name for name in names if name is not None})
        with self._file() as file:
            try:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=needed):
                    cells = {name: batch.column(name).to_pylist() for name in needed}
                    nothing = [None] * batch.num_rows
                    yield from zip(*(nothing if name is None else cells[name] for name in names), strict=True)
            except PARQUET_FAULTS as error:
                raise unreadable(self._path, str(error)) from error

    def _file(self) -> Any:
        from pyarrow import parquet

        try:
            return parquet.ParquetFile(self._path)
        except PARQUET_FAULTS as error:
            raise unreadable(self._path, str(error)) from error
