"""Numpy files, `.npy` and `.npz`: which arrays there are, without reading them and without ever unpickling."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from foveal.data.sources.published import damaged, pickled
from foveal.data.unpacked import IN_MEMORY_BYTES, unpacked
from foveal.errors import FovealError

_LOCAL = struct.Struct("<4s22xHH")
_ENCRYPTED = 1


class NpyArray(NamedTuple):
    """An array in a file.

    Args:
        file: The file.
        member: Its name in an `.npz`; empty for an `.npy`.
        shape: Length of each axis.
        dtype: Kind of its numbers.
        columns_first: Whether the first axis runs fastest, as in Fortran.
        start: Where its numbers begin, from the start of the array's own bytes.
        offset: Where the array's own bytes begin in the file; -1 where they are compressed.
        opened: Opens the array's own bytes.
    """

    file: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns_first: bool
    start: int
    offset: int
    opened: Callable[[], IO[bytes]]

    @property
    def size(self) -> int:
        """Length of the array's own bytes."""
        return self.start + math.prod(self.shape) * self.dtype.itemsize

    def where(self) -> tuple[Path | NDArray[np.uint8], int]:
        """Where its numbers are, unpacked if need be, and their first byte there.

        Raises:
            FovealError: `dataset-damaged`, `dataset-too-large`, `cannot-write`.
        """
        if self.offset >= 0:
            return self.file, self.offset + self.start
        return unpacked(self.file, self.opened, self.size, member=self.member), self.start

    def load(self) -> NDArray[Any]:
        """The whole array, for labels.

        Raises:
            FovealError: `dataset-damaged`: broken, or larger than labels can be.
        """
        if self.size > IN_MEMORY_BYTES:
            raise damaged(self.file, f"labels of at most {IN_MEMORY_BYTES:,} bytes", f"{self.size:,}")
        plain = unpacked(self.file, self.opened, self.size, member=self.member)
        values = np.frombuffer(cast("NDArray[np.uint8]", plain), self.dtype, offset=self.start)
        return values.reshape(self.shape, order="F" if self.columns_first else "C")


def arrays(file: Path) -> dict[str, NpyArray]:
    """The arrays of an `.npz` by name, or the one of an `.npy` as "".

    Raises:
        FovealError: `dataset-damaged`, `pickle-refused`.
    """
    try:
        if not zipfile.is_zipfile(file):
            size = file.stat().st_size
            return {"": _array(file, "", lambda: file.open("rb"), offset=0, size=size)}
        with zipfile.ZipFile(file) as archive, file.open("rb") as raw:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            return {info.filename.removesuffix(".npy"): _member(file, raw, info) for info in members}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, struct.error, NotImplementedError) as error:
        raise damaged(file, "a numpy file", str(error) or type(error).__name__) from error


def _member(file: Path, raw: IO[bytes], info: zipfile.ZipInfo) -> NpyArray:
    if info.flag_bits & _ENCRYPTED:
        raise damaged(file, "arrays that anyone may read", f"{info.filename}, which is encrypted")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise damaged(file, "arrays as they are or deflated", f"{info.filename} in zip method {info.compress_type}")
    offset = -1
    if info.compress_type == zipfile.ZIP_STORED:
        raw.seek(info.header_offset)
        mark, name, extra = _LOCAL.unpack(raw.read(_LOCAL.size))
        if mark != b"PK\x03\x04":
            raise damaged(file, f"{info.filename} at byte {info.header_offset:,}", "something else")
        offset = info.header_offset + _LOCAL.size + name + extra
        there = file.stat().st_size - offset
        if there < info.file_size:
            raise damaged(file, f"{info.file_size:,} bytes of {info.filename}", f"{max(there, 0):,}")

    def opened() -> IO[bytes]:
        # the open member keeps the archive's file open, and closes it when it is closed itself
        with zipfile.ZipFile(file) as archive:
            return archive.open(info.filename)

    return _array(file, info.filename.removesuffix(".npy"), opened, offset=offset, size=info.file_size)


def _array(file: Path, member: str, opened: Callable[[], IO[bytes]], *, offset: int, size: int) -> NpyArray:
    try:
        with opened() as stream:
            version = np.lib.format.read_magic(stream)
            if version not in {(1, 0), (2, 0)}:
                raise damaged(file, "version 1 or 2 of the format", f"version {version[0]}")
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, columns_first, dtype = read(stream)
            start = stream.tell()
    except FovealError:
        raise
    except Exception as error:  # zipfile, zlib and numpy's parser of headers raise almost anything on damaged files
        raise damaged(file, f"an array {member}".rstrip(), str(error)) from error
    if dtype.hasobject:
        raise pickled(
            file,
            "save photos and labels as plain arrays of numbers, all photos of one size: "
            "numpy.savez_compressed('photos.npz', images=images, labels=labels)",
        )
    found = NpyArray(file, member, shape, dtype, columns_first, start, offset, opened)
    if found.size != size:
        raise damaged(file, f"{found.size:,} bytes for {member or 'an array'} {list(shape)}", f"{size:,}")
    return found
