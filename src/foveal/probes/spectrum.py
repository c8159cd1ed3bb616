"""Eigenvalues and eigenvectors, kept on disk: of the same photos they are the same every time.

They do not depend on labels or folds, so a fit after a check, or after labels were mended, finds them there. Working
them out takes a second for 3,000 photos, three times as long as everything else that comes before the first fold.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import numpy as np

from foveal.heads.linear import Array
from foveal.storage import cache_folder, keep

# Directions with less variance than this share of the largest hold rounding noise of the float16 features.
_SMALLEST_VARIANCE = 1e-6
# Smaller ones are worked out in the time that reading them takes.
_WORTH_KEEPING = 512
_FILES_KEPT = 8
_DIGEST_BYTES = 32
_PROTOCOL = b"foveal spectrum 1"


def spectrum(gram: Array, *, kept: bool = False) -> tuple[Array, Array]:
    """Eigenvalues, largest first, and their vectors, without those that hold rounding noise only (one stays).

    Args:
        gram: float32 [d, d], symmetric.
        kept: Whether to look for them in the cache folder, and keep them there.

    Returns:
        float32 [r], positive; float32 [d, r]. The same to the bit whether they were kept or not.
    """
    if not kept or len(gram) < _WORTH_KEEPING:
        return _worked_out(gram)
    name = hashlib.sha256(_PROTOCOL + np.ascontiguousarray(gram).tobytes()).hexdigest()
    path = cache_folder() / "axes" / f"{name}.bin"
    found = _read(path, len(gram))
    if found is None:
        found = _worked_out(gram)
        _write(path, found)
    return found


def _worked_out(gram: Array) -> tuple[Array, Array]:
    ascending, vectors = np.linalg.eigh(gram)
    values: Array = ascending[::-1].astype(np.float32)
    count = max(1, int(np.count_nonzero(values > values[0] * _SMALLEST_VARIANCE)))
    least = np.finfo(np.float32).tiny
    return np.maximum(values[:count], least), np.ascontiguousarray(vectors[:, ::-1][:, :count], np.float32)


def _read(path: Path, size: int) -> tuple[Array, Array] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = data[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != data[:_DIGEST_BYTES] or len(content) % (4 * (size + 1)):
        return None
    with contextlib.suppress(OSError):
        path.touch()
    numbers = np.frombuffer(content, np.float32)
    count = len(numbers) // (size + 1)
    return numbers[:count], numbers[count:].reshape(size, count)


def _write(path: Path, found: tuple[Array, Array]) -> None:
    content = b"".join(part.tobytes() for part in found)
    keep(path, hashlib.sha256(content).digest() + content)
    # Another process may remove the same ones, or the folder may not be written.
    with contextlib.suppress(OSError):
        newest_first = sorted(path.parent.glob("*.bin"), key=lambda each: each.stat().st_mtime, reverse=True)
        for each in newest_first[_FILES_KEPT:]:
            each.unlink()
