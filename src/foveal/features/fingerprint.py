"""What a photo is called in the cache: a hash of its bytes, remembered per file so that it is read only once."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from foveal.features.segments import KEY_BYTES
from foveal.features.store import RowStore

# A file may be written twice within one tick of its file system's clock (2 s on FAT) and look the same both times, so
# the content of a file younger than that is not remembered. Git guards its index in the same way (racy-git).
_SETTLED_NS = 2_000_000_000


def content_key(data: bytes | bytearray | memoryview) -> bytes:
    """Name of a photo's bytes: 16 bytes that no other photo has.

    Args:
        data: The file as it is on disk.

    Returns:
        The first half of its SHA-256.
    """
    # Processors have instructions for SHA-256 but none for BLAKE2: 1.87 against 1.26 GB/s on an AMD EPYC (Zen 5).
    return hashlib.sha256(data).digest()[:KEY_BYTES]


class FileKeys:
    """Content keys of files that have not changed since they were last read.

    A file is the same when path, size, time of change in nanoseconds and inode are the same. May be called from many
    threads, and by many processes on one folder.

    Args:
        folder: Folder of the index; made when absent.
        door: Lock file for `RowStore`.

    Raises:
        FovealError: `cache-foreign`, `cannot-write`.
    """

    def __init__(self, folder: Path, *, door: Path | None = None) -> None:
        self._store = RowStore(folder, row_bytes=KEY_BYTES, description={"kind": "content keys of files"}, door=door)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._store)

    def known(self, path: Path, status: os.stat_result) -> bytes | None:
        """Content key of a file, or None when the file is new or has changed.

        Args:
            path: The file; a relative path is taken from the working folder.
            status: What `os.stat` says of it now.
        """
        return self.known_many([path], [status])[0]

    def known_many(
        self, paths: Sequence[Path], statuses: Sequence[os.stat_result], details: Sequence[str] | None = None
    ) -> list[bytes | None]:
        """Content keys of many files: `known` for each, at about a tenth of the time.

        Args:
            paths: The files.
            statuses: What `os.stat` says of each.
            details: Which photo of each file is meant, for files that hold several.
        """
        details = [""] * len(paths) if details is None else details
        names = b"".join(
            _file_key(path, status, detail) for path, status, detail in zip(paths, statuses, details, strict=True)
        )
        keys = np.frombuffer(names, np.uint8).reshape(-1, KEY_BYTES)
        rows = np.empty((len(keys), KEY_BYTES), np.uint8)
        good = self._store.gather(self._store.find(keys), rows)
        found = rows.tobytes()
        return [
            found[number * KEY_BYTES : (number + 1) * KEY_BYTES] if is_good else None
            for number, is_good in enumerate(good.tolist())
        ]

    def remember(self, path: Path, status: os.stat_result, key: bytes) -> None:
        """Note a file's content key, unless the file changed in the last two seconds.

        Args:
            path: The file.
            status: What `os.stat` said of it before it was read. One taken afterwards could belong to newer content.
            key: Its `content_key`.

        Raises:
            FovealError: `cannot-write`.
        """
        self.remember_many([(path, status, "", key)])

    def remember_many(self, entries: Sequence[tuple[Path, os.stat_result, str, bytes]]) -> None:
        """`remember` for many photos at once, with one write.

        Args:
            entries: Path, status, which photo of the file, and content key of each.

        Raises:
            FovealError: `cannot-write`.
        """
        settled = time.time_ns() - _SETTLED_NS
        kept = [
            (_file_key(path, status, detail), key)
            for path, status, detail, key in entries
            if status.st_mtime_ns <= settled
        ]
        if kept:
            names, keys = (
                np.frombuffer(b"".join(each), np.uint8).reshape(len(kept), -1) for each in zip(*kept, strict=True)
            )
            self._store.extend(names, keys)

    def close(self) -> None:
        """Let other processes take over this one's segment of the index."""
        self._store.close()


def _file_key(path: Path, status: os.stat_result, detail: str = "") -> bytes:
    # NUL cannot occur in a path. `abspath`, not `resolve`: a link and its target may part ways.
    where = os.fsencode(os.path.abspath(path))  # noqa: PTH100
    what = f"\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ino}".encode()
    if detail:
        what += b"\0" + detail.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(where + what, digest_size=KEY_BYTES).digest()
