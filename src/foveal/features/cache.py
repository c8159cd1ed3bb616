"""The cache of features: one row store for every way of computing them, under one cap on the space they take."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from foveal.errors import FovealError
from foveal.features.fingerprint import FileKeys
from foveal.features.segments import doorway, keys_file, remove_segments, segment_bytes, segment_numbers, whole_records
from foveal.features.store import SPACE_FILE, RowStore
from foveal.storage import cache_folder, cannot_write

_DEFAULT_GB = 10.0
_FILES = "files"
_NAME_DIGITS = 20


@dataclass(frozen=True)
class SpaceInfo:
    """What `foveal cache show` says of one space.

    Attributes:
        folder: Folder of the space.
        description: How the rows were computed; empty when `space.json` cannot be read.
        rows: Rows stored.
        bytes: Bytes on disk.
        last_used: When the space was last opened, in UTC.
    """

    folder: Path
    description: Mapping[str, Any]
    rows: int
    bytes: int
    last_used: datetime


class FeatureCache:
    """Row stores by what their rows are, and the index of files, in one folder that several processes share.

    Where the folder may not be written, a temporary one takes its place, and `warning` says so.

    Args:
        root: Folder of the cache; the default is `features` in foveal's cache folder.
        max_bytes: Size that `trim` cuts the cache down to; the default is `$FOVEAL_CACHE_GB`, else 10 GB.

    Attributes:
        root: Folder in use.
        max_bytes: The cap.
        warning: A sentence to show to the user, or None.

    Raises:
        FovealError: `bad-option` when the cap is not a size.
    """

    def __init__(self, root: Path | None = None, *, max_bytes: int | None = None) -> None:
        self.max_bytes = _cap_from_environment() if max_bytes is None else max_bytes
        if self.max_bytes < 0:
            raise FovealError("bad-option", f"expected max_bytes of 0 or more, got {max_bytes}", hint="give a size")
        self.root = cache_folder() / "features" if root is None else root
        self.warning: str | None = None
        refusal = _why_not_writable(self.root)
        if refusal is not None:
            self.warning = f"the cache folder {self.root} cannot be used ({refusal}); features are not kept this time"
            self.root = _stand_in_root(os.getpid())

    @classmethod
    @contextlib.contextmanager
    def temporary(cls, *, max_bytes: int | None = None) -> Iterator[Self]:
        """A cache in a folder of its own that is removed on leaving; close its stores before."""
        with tempfile.TemporaryDirectory(prefix="foveal-", ignore_cleanup_errors=True) as folder:
            yield cls(Path(folder), max_bytes=max_bytes)

    def space(self, description: Mapping[str, object], *, row_bytes: int) -> RowStore:
        """The rows computed in one particular way; marks them as used now.

        Args:
            description: Everything that a row depends on besides the photo, as JSON values. Two descriptions that are
                equal as JSON share their rows.
            row_bytes: Bytes in one row.

        Raises:
            FovealError: `cache-foreign` when the space has rows of another size; `cannot-write`.
        """
        text = json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        folder = self.root / hashlib.sha256(text.encode()).hexdigest()[:_NAME_DIGITS]
        store = RowStore(folder, row_bytes=row_bytes, description=description, door=self._door)
        with contextlib.suppress(FileNotFoundError):  # cleared by another process just now: written again on append
            os.utime(folder / SPACE_FILE)
        return store

    def files(self) -> FileKeys:
        """The index of content keys by file.

        Raises:
            FovealError: `cache-foreign`, `cannot-write`.
        """
        return FileKeys(self.root / _FILES, door=self._door)

    def spaces(self) -> list[SpaceInfo]:
        """What is stored, the most recently used first; the index of files is not among it."""
        found = [_space_info(folder) for folder in self._space_folders()]
        return sorted((info for info in found if info is not None), key=lambda info: info.last_used, reverse=True)

    def total_bytes(self) -> int:
        """Bytes that the cache takes on disk, the index of files included."""
        return sum(_folder_bytes(folder) for folder in [self.root / _FILES, *self._space_folders()])

    def clear(self) -> int:
        """Remove everything that no running process is writing to.

        Returns:
            Bytes freed. What had to be left is then in `total_bytes`.

        Raises:
            FovealError: `cannot-write`, `cache-busy`.
        """
        with doorway(self._door):
            return sum(_remove_space(folder) for folder in [self.root / _FILES, *self._space_folders()])

    def trim(self) -> int:
        """Remove rows until the cache is no larger than `max_bytes`, or all that is left is being written to.

        The least recently used spaces go first; then, of the most recently used one, the oldest segments; then those
        of the index of files.

        Returns:
            Bytes freed.

        Raises:
            FovealError: `cannot-write`, `cache-busy`.
        """
        excess = self.total_bytes() - self.max_bytes
        if excess <= 0:
            return 0
        with doorway(self._door):
            excess = self.total_bytes() - self.max_bytes  # another process may have trimmed while this one waited
            freed = 0
            newest_first = [info.folder for info in self.spaces()]
            for folder in reversed(newest_first[1:]):
                if freed < excess:
                    freed += _remove_space(folder)
            for folder in [*newest_first[:1], self.root / _FILES]:
                for number in _oldest_first(folder):
                    if freed < excess:
                        freed += remove_segments(folder, [number])
            return freed

    @property
    def _door(self) -> Path:
        return self.root / "door.lock"

    def _space_folders(self) -> list[Path]:
        try:
            names = sorted(path.name for path in self.root.iterdir())
        except FileNotFoundError:
            return []
        return [
            self.root / name for name in names if len(name) == _NAME_DIGITS and set(name) <= set("0123456789abcdef")
        ]


def _cap_from_environment() -> int:
    text = os.environ.get("FOVEAL_CACHE_GB")
    if not text:
        return int(_DEFAULT_GB * 1e9)
    try:
        size_gb = float(text)
    except ValueError:
        size_gb = math.nan
    if not 0 <= size_gb < math.inf:
        raise FovealError(
            "bad-option",
            f"expected FOVEAL_CACHE_GB as a number of gigabytes, 0 or more, got {text!r}",
            hint="set it to a number such as 10, or unset it",
        )
    return int(size_gb * 1e9)


def _why_not_writable(root: Path) -> str | None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
        with doorway(root / "door.lock"):
            pass
    except OSError as error:
        return error.strerror or str(error)
    except FovealError as error:
        return error.message
    return None


@functools.cache
def _stand_in_root(process_id: int) -> Path:
    """The temporary folder of this process for caches that may not be written; one for all, removed at exit."""
    root = Path(tempfile.mkdtemp(prefix="foveal-"))

    def remove() -> None:
        if os.getpid() == process_id:
            shutil.rmtree(root, ignore_errors=True)

    atexit.register(remove)
    return root


def _space_info(folder: Path) -> SpaceInfo | None:
    path = folder / SPACE_FILE
    try:
        used = path.stat().st_mtime
    except FileNotFoundError:  # being removed, or left half-removed: still counted, and first to go
        used = 0.0
    try:
        space = json.loads(path.read_bytes())
        description, row_bytes = dict(space["description"]), int(space["row_bytes"])
    except (OSError, ValueError, KeyError, TypeError):  # unreadable: shown without a description, so it can be cleared
        description, row_bytes = {}, 1
    rows = sum(whole_records(folder, number, row_bytes=row_bytes) for number in segment_numbers(folder))
    return SpaceInfo(folder, description, rows, _folder_bytes(folder), datetime.fromtimestamp(used, UTC))


def _folder_bytes(folder: Path) -> int:
    return sum(segment_bytes(folder, number) for number in segment_numbers(folder))


def _oldest_first(folder: Path) -> list[int]:
    """Segments of a space, the one that was written to longest ago first."""

    def last_change(number: int) -> int:
        try:
            return keys_file(folder, number).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    return sorted(segment_numbers(folder), key=last_change)


def _remove_space(folder: Path) -> int:
    """Remove a space, or as much of it as no process is writing to. Call it inside `doorway`."""
    freed = remove_segments(folder, segment_numbers(folder))
    if not segment_numbers(folder):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise cannot_write(folder, error) from error
    return freed
