"""Rows and file keys that one worker thread has made and not stored yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.photo import Photo
from foveal.features.fingerprint import FileKeys
from foveal.features.store import RowStore

# Every write is a call in which a thread may have to wait for the others: 16 photos share one. A killed process
# loses no more than that much of each thread's work.
_PHOTOS = 16


class Batch:
    """Collects the results of a few photos and stores them together.

    Args:
        files: Where files' content keys are remembered.
    """

    def __init__(self, files: FileKeys) -> None:
        self._files = files
        self._rows: dict[RowStore, list[tuple[bytes, NDArray[Any]]]] = {}
        self._known: list[tuple[Path, os.stat_result, str, bytes]] = []
        self._photos = 0

    def add_row(self, store: RowStore, key: bytes, row: NDArray[Any]) -> None:
        """A row for a store."""
        self._rows.setdefault(store, []).append((key, row))

    def add_photo(self, photo: Photo, status: os.stat_result | None, key: bytes) -> None:
        """A photo's content key; one that is no file, and so has no status, is not remembered."""
        if photo.file is not None and status is not None:
            self._known.append((photo.file, status, photo.detail, key))

    def end_photo(self) -> None:
        """One photo more is complete; stores what there is when that is enough."""
        self._photos += 1
        if self._photos >= _PHOTOS:
            self.flush()

    def flush(self) -> None:
        """Store what there is: rows first, so that no file is remembered whose rows are not there.

        Raises:
            FovealError: `cannot-write`.
        """
        for store, rows in self._rows.items():
            keys = np.frombuffer(b"".join(key for key, _ in rows), np.uint8).reshape(len(rows), -1)
            store.extend(keys, np.stack([row for _, row in rows]))
        self._files.remember_many(self._known)
        self._rows, self._known, self._photos = {}, [], 0
