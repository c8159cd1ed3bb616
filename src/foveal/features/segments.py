"""The files of a row store: segments of equal rows beside their key records, each written by one process at a time."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.storage import cannot_write

if TYPE_CHECKING:
    from filelock import BaseFileLock

KEY_BYTES = 16
# One record of a `.keys` file: the key as two little-endian halves, and the CRC32 of key and row together. The CRC
# takes in the key so that a row can never pass for the row of another key.
RECORD = np.dtype([("first", "<u8"), ("second", "<u8"), ("check", "<u4")])
# What is written over the record of a row that was found damaged.
ERASED = bytes(RECORD.itemsize)
_DOOR_WAIT_S = 60.0


def row_check(key: bytes | memoryview, row: bytes | memoryview) -> int:
    """CRC32 of a key followed by its row."""
    return zlib.crc32(row, zlib.crc32(key))


def keys_file(folder: Path, number: int) -> Path:
    """File of a segment's key records."""
    return folder / f"{number:03d}.keys"


def rows_file(folder: Path, number: int) -> Path:
    """File of a segment's rows."""
    return folder / f"{number:03d}.rows"


def _lock_file(folder: Path, number: int) -> Path:
    return folder / f"{number:03d}.lock"


def segment_numbers(folder: Path) -> list[int]:
    """Numbers of the segments in a folder, ascending; none when there is no such folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    parts = (name.partition(".") for name in names)
    return sorted({int(stem) for stem, _, suffix in parts if suffix in {"keys", "rows"} and stem.isdecimal()})


def segment_bytes(folder: Path, number: int) -> int:
    """Bytes that a segment takes on disk."""
    return _size(keys_file(folder, number)) + _size(rows_file(folder, number))


def whole_records(folder: Path, number: int, *, row_bytes: int) -> int:
    """How many records of a segment have both their key and their row written in full."""
    keys = _size(keys_file(folder, number)) // RECORD.itemsize
    return min(keys, _size(rows_file(folder, number)) // row_bytes)


def read_records(folder: Path, number: int, *, start: int, row_bytes: int) -> NDArray[Any]:
    """Key records of a segment from `start` to its last whole record.

    Args:
        folder: Folder of the store.
        number: Number of the segment.
        start: First record to read.
        row_bytes: Bytes in one row.

    Returns:
        Structured array [n] of `RECORD`, in file order; empty when the segment is shorter or gone.
    """
    wanted = whole_records(folder, number, row_bytes=row_bytes) - start
    if wanted <= 0:
        return np.empty(0, RECORD)
    try:
        with keys_file(folder, number).open("rb") as file:
            return np.fromfile(file, RECORD, count=wanted, offset=start * RECORD.itemsize)
    except FileNotFoundError:  # removed by another process since it was measured
        return np.empty(0, RECORD)


@contextlib.contextmanager
def doorway(door: Path) -> Iterator[None]:
    """Hold the lock under which segments are taken and removed, so that neither happens in the middle of the other.

    Args:
        door: The lock file; its folder is created.

    Raises:
        FovealError: `cache-busy` when another process holds it for a minute; `cannot-write`.
    """
    from filelock import Timeout

    lock = _lock(door)
    try:
        door.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_DOOR_WAIT_S)
    except Timeout as error:  # before OSError, of which it is one
        raise FovealError(
            "cache-busy",
            f"{door}: expected the lock within {_DOOR_WAIT_S:.0f} s, but another process still holds it",
            hint="wait for the other foveal process to end, or set FOVEAL_CACHE to another folder",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise _lock_refused(door, error) from error
    try:
        yield
    finally:
        lock.release()


def remove_segments(folder: Path, numbers: list[int]) -> int:
    """Delete segments that no process is writing to. Call it inside `doorway`.

    Args:
        folder: Folder of the store.
        numbers: The segments to delete, where they are free.

    Returns:
        Bytes freed.

    Raises:
        FovealError: `cannot-write` when a file may not be deleted.
    """
    freed = 0
    for number in numbers:
        lock = _try_lock(_lock_file(folder, number))
        if lock is None:
            continue
        try:
            size = segment_bytes(folder, number)
            # Keys first: a row without its key is nothing, whereas a key without its row would be looked for.
            keys_file(folder, number).unlink(missing_ok=True)
            rows_file(folder, number).unlink(missing_ok=True)
            freed += size
        except OSError as error:
            raise cannot_write(rows_file(folder, number), error) from error
        finally:
            lock.release()
        _lock_file(folder, number).unlink(missing_ok=True)
    return freed


def erase_records(folder: Path, number: int, at_row: NDArray[np.int64], records: NDArray[Any]) -> None:
    """Overwrite the key records of damaged rows, so that no process finds them again. Call it inside `doorway`.

    The segment may have a writer at that time: it only adds to the end, and segments are cut only inside `doorway`.

    Args:
        folder: Folder of the store.
        number: Number of the segment.
        at_row: int64 [n]: where the records are.
        records: Structured array [n] of `RECORD`: what stands there, unless another process was faster.

    Raises:
        OSError: The file is gone or may not be written.
    """
    with keys_file(folder, number).open("r+b", buffering=0) as file:
        for row, record in zip(at_row.tolist(), records, strict=True):
            file.seek(row * RECORD.itemsize)
            if file.read(RECORD.itemsize) == record.tobytes():
                file.seek(row * RECORD.itemsize)
                file.write(ERASED)


class SegmentWriter:
    """Appends to the first segment of a folder that no other process is writing to; a new one when all are taken.

    What a killed process or a power cut left half-written at the end of the segment is cut off first.

    Args:
        folder: Folder of the store; made when absent.
        row_bytes: Bytes in one row.
        door: Lock file of `doorway`.

    Attributes:
        number: Number of the segment.
        count: Records in the segment.

    Raises:
        FovealError: `cannot-write`, `cache-busy`.
    """

    def __init__(self, folder: Path, *, row_bytes: int, door: Path) -> None:
        self.process_id = os.getpid()
        with doorway(door), contextlib.ExitStack() as undo:
            try:
                folder.mkdir(parents=True, exist_ok=True)  # cleared by another process, perhaps
                self.number, self._lock = _take(folder)
                undo.callback(self._lock.release)
                self._rows = undo.enter_context(rows_file(folder, self.number).open("ab", buffering=0))
                self._keys = undo.enter_context(keys_file(folder, self.number).open("ab", buffering=0))
                self.count = _last_good(folder, self.number, row_bytes=row_bytes)
                self._rows.truncate(self.count * row_bytes)
                self._keys.truncate(self.count * RECORD.itemsize)
            except OSError as error:
                raise cannot_write(folder, error) from error
            # Also where nobody closes it: when this object is collected, and at exit.
            self._close = weakref.finalize(self, _close_in, self.process_id, undo.pop_all())

    def append(self, records: bytes, rows: memoryview) -> None:
        """Write rows, then their key records. After any error close the writer: the files may no longer match."""
        # Straight to the system, with no buffer here: a killed process then loses at most the rows in hand.
        for file, data in ((self._rows, rows), (self._keys, memoryview(records))):
            done = 0
            while done < len(data):
                done += file.write(data[done:]) or 0
        self.count += len(records) // RECORD.itemsize

    def sync(self) -> None:
        """Have the system put all that was written on the disk, rows before keys."""
        os.fsync(self._rows.fileno())
        os.fsync(self._keys.fileno())

    def close(self) -> None:
        """Close the files and let another process take the segment."""
        self._close()


def _close_in(process_id: int, files: contextlib.ExitStack) -> None:
    if os.getpid() == process_id:  # a forked child's copies belong to its parent
        files.close()


def _take(folder: Path) -> tuple[int, BaseFileLock]:
    for number in itertools.count():
        lock = _try_lock(_lock_file(folder, number))
        if lock is not None:
            return number, lock
    raise AssertionError("unreachable: the numbers do not end")


def _last_good(folder: Path, number: int, *, row_bytes: int) -> int:
    """Records of a segment up to the last one whose row matches its CRC."""
    count = whole_records(folder, number, row_bytes=row_bytes)
    with keys_file(folder, number).open("rb") as keys, rows_file(folder, number).open("rb") as rows:
        while count:
            keys.seek((count - 1) * RECORD.itemsize)
            record = keys.read(RECORD.itemsize)
            rows.seek((count - 1) * row_bytes)
            check = row_check(record[:KEY_BYTES], rows.read(row_bytes))
            if check == int.from_bytes(record[KEY_BYTES:], "little"):
                break
            count -= 1
    return count


def _try_lock(path: Path) -> BaseFileLock | None:
    from filelock import Timeout

    lock = _lock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:
        raise _lock_refused(path, error) from error
    return lock


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock

    # Not thread-local: the thread that appends first and the one that closes the store need not be the same.
    return FileLock(path, thread_local=False)


def _lock_refused(path: Path, error: Exception) -> FovealError:
    return cannot_write(path, error if isinstance(error, OSError) else OSError(errno.ENOLCK, str(error)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
