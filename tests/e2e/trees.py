"""Folders of photos for these tests, and what is in a folder afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def two_classes(photos: Path, root: Path, *, each: int = 4) -> Path:
    """Copy some drawn photos to `root/circle` and `root/square`."""
    for name in ("circle", "square"):
        (root / name).mkdir(parents=True)
        for photo in sorted((photos / name).iterdir())[:each]:
            shutil.copy(photo, root / name)
    return root


def noise_photos(root: Path, count: int) -> Path:
    """`count` small photos, all different, in two classes: bright and dark."""
    rng = np.random.default_rng(0)
    for number in range(count):
        low = (number % 2) * 128
        folder = root / ("dark", "bright")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(low, low + 128, (48, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=80)
    return root


def huge_png(path: Path, side: int = 30_000) -> None:
    """A PNG whose header says `side` × `side` pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def contents(root: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path."""
    return {
        os.fsdecode(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def left_overs(*folders: Path) -> list[Path]:
    """Files that an unfinished write left behind."""
    return [path for folder in folders for path in folder.rglob("*.part")]
