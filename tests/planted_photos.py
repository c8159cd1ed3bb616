"""Drawn photos with faults planted among them, for tests of what looks for faults."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from drawn_photos import write_photos
from PIL import Image

LEAK = "test/circle/leak.jpg"
"""The same bytes as a photo to learn from."""

IN_TWO_CLASSES = ("train/circle/both.jpg", "train/stripes/both.jpg")
"""The same bytes in two classes."""

UNREADABLE = "train/square/broken.jpg"

MOVED = {
    "circle": ("train/square/from_circle_18.jpg", "train/square/from_circle_19.jpg"),
    "square": ("train/stripes/from_square_18.jpg", "train/stripes/from_square_19.jpg"),
    "stripes": ("train/circle/from_stripes_18.jpg", "train/circle/from_stripes_19.jpg"),
}
"""Photos in the wrong class, by what they show."""


def write_planted(root: Path) -> Path:
    """About 20 photos a class to learn from and 4 to test on, with every fault above."""
    drawn = root.parent / f"{root.name} drawn"
    write_photos(drawn, per_class=25, seed=3)
    for folder in drawn.iterdir():
        for photo in sorted(folder.iterdir()):
            part = "train" if int(photo.stem) < 20 else "test"
            target = root / part / folder.name / photo.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if photo.stem != "24":
                shutil.move(photo, target)
    shutil.copy(root / "train/circle/00.jpg", root / LEAK)
    for place in IN_TWO_CLASSES:
        shutil.copy(drawn / "circle/24.jpg", root / place)
    whole = (drawn / "square/24.jpg").read_bytes()
    (root / UNREADABLE).write_bytes(whole[: len(whole) // 50])
    for shown, places in MOVED.items():
        for place in places:
            number = Path(place).stem.rpartition("_")[2]
            (root / "train" / shown / f"{number}.jpg").rename(root / place)
    shutil.rmtree(drawn)
    return root


def write_clips(root: Path, *, clips: int, each: int, seed: int) -> Path:
    """Frames of clips of random textures in two classes, which nothing but the clip tells: `a/clip3_frame_02.jpg`."""
    rng = np.random.default_rng(seed)
    for label in ("a", "b"):
        (root / label).mkdir(parents=True)
        for clip in range(clips):
            coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            scene = np.asarray(Image.fromarray(coarse).resize((200, 200), Image.Resampling.BICUBIC), np.float64)
            for shot in range(each):
                pixels = np.clip(np.roll(scene, shot, axis=1) + rng.normal(0, 3, scene.shape), 0, 255)
                name = f"clip{clip}_frame_{shot:02d}.jpg"
                Image.fromarray(pixels.astype(np.uint8)).save(root / label / name, quality=85)
    return root
