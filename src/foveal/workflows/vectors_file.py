"""Write vectors to a file in blocks, so that memory does not grow with the number of photos."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.storage import write_atomically
from foveal.types.text import printable
from foveal.workflows.target import check_file

FORMATS = (".npz", ".parquet")
BLOCK_ROWS = 4096

Layout = Sequence[tuple[str, int]]
Gather = Callable[[slice], NDArray[np.float16]]


def check_vectors_target(path: Path) -> Path:
    """Refuse a file that could not be written, before the work is done rather than after.

    Raises:
        FovealError: `cannot-write`; `bad-option` for a folder or another ending; `needs-extra` for Parquet without
            pyarrow.
    """
    check_file(path, example="vectors.npz")
    if path.suffix.lower() not in FORMATS:
        raise FovealError(
            "bad-option", f"--out: expected a file ending in {' or '.join(FORMATS)}, got {path.name}", hint="rename it"
        )
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise FovealError(
                "needs-extra",
                f"{path.name}: expected pyarrow for Parquet files, got none",
                hint='pip install "foveal[parquet]", or write .npz',
            ) from error
    return path


def write_vectors(path: Path, names: Sequence[str], gather: Gather, *, layout: Layout) -> None:
    """Write photos and their vectors, wholly or not at all.

    `.npz` holds `paths` str [n], `vectors` float16 [n, D] and `layout`, a JSON text of [output, columns] pairs;
    `.parquet` the columns `path` and `vector` (fixed-size list of float32), and the layout in the schema's metadata.

    Args:
        path: File to write; its ending chooses the format.
        names: Path of each photo.
        gather: Gives the vectors of a slice of the photos.
        layout: (output, columns) in the order of the columns.

    Raises:
        FovealError: `cannot-write`.
    """
    shown = [printable(name) for name in names]
    with write_atomically(path) as file:
        if path.suffix.lower() == ".npz":
            _write_npz(file, shown, gather, layout)
        else:
            _write_parquet(file, shown, gather, layout)


def _write_npz(file: IO[bytes], names: list[str], gather: Gather, layout: Layout) -> None:
    columns = sum(width for _, width in layout)
    text = np.dtype(f"<U{max(map(len, names), default=1)}")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open("paths.npy", "w", force_zip64=True) as entry:
            _write_header(entry, text, (len(names),))
            for start in range(0, len(names), BLOCK_ROWS):
                entry.write(np.array(names[start : start + BLOCK_ROWS], text).tobytes())
        with archive.open("vectors.npy", "w", force_zip64=True) as entry:
            _write_header(entry, np.dtype("<f2"), (len(names), columns))
            for start in range(0, len(names), BLOCK_ROWS):
                entry.write(np.ascontiguousarray(gather(slice(start, start + BLOCK_ROWS)), "<f2").tobytes())
        with archive.open("layout.npy", "w") as entry:
            np.lib.format.write_array(entry, np.array(json.dumps(list(layout))), allow_pickle=False)


def _write_header(entry: IO[bytes], dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> None:
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_2_0(entry, described)


def _write_parquet(file: IO[bytes], names: list[str], gather: Gather, layout: Layout) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = sum(width for _, width in layout)
    schema = pyarrow.schema(
        [("path", pyarrow.string()), ("vector", pyarrow.list_(pyarrow.float32(), columns))],
        metadata={"layout": json.dumps(list(layout))},
    )
    with parquet.ParquetWriter(file, schema) as writer:
        for start in range(0, len(names), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            values = pyarrow.array(gather(block).astype(np.float32).ravel())
            vectors = pyarrow.FixedSizeListArray.from_arrays(values, columns)
            writer.write_batch(pyarrow.record_batch([pyarrow.array(names[block]), vectors], schema=schema))
