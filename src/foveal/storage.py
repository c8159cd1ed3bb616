"""Where foveal keeps what it can make again, and how any file is written: wholly or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from foveal.errors import FovealError


def cache_folder() -> Path:
    """Folder for built networks, features and measurements: `$FOVEAL_CACHE`, else the system's cache folder."""
    chosen = os.environ.get("FOVEAL_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("foveal", appauthor=False))


def data_folder() -> Path:
    """Folder for what the user gave foveal to keep: `$FOVEAL_HOME`, else the system's data folder."""
    chosen = os.environ.get("FOVEAL_HOME")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("foveal", appauthor=False))


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; on success rename it to `path`, on any failure leave `path` as it was.

    Args:
        path: The file to write. Its folder is created.

    Yields:
        A binary file to write to.

    Raises:
        FovealError: `cannot-write`: no permission, no space, or `path` is a folder.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def keep(path: Path, content: bytes) -> None:
    """Write a file of the cache, or do without it where the cache may not be written.

    What is kept can be made again, so that must not stop anyone's work; `FeatureCache.warning` tells of it.
    """
    try:
        with write_atomically(path) as file:
            file.write(content)
    except FovealError as error:
        if error.code != "cannot-write":
            raise


def cannot_write(path: Path, error: OSError) -> FovealError:
    """The error for a file that could not be written; nothing half-written is left behind."""
    return FovealError(
        "cannot-write",
        f"{path}: {error.strerror or error}",
        hint="nothing was changed; free some space or choose a place you may write to",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
