from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.imaging.decode import read_image
from foveal.training.photos.pictures import Pictures, Shrunk, decode_photo


def test_windows_are_cut_from_photos_a_quarter_larger_than_the_input() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    assert Shrunk((160, 120), windows=True).apply(photo).shape == (200, 267, 3)
    small = np.zeros((150, 400, 3), np.uint8)
    assert Shrunk((160, 120), windows=True).apply(small) is small


def test_whole_photos_are_shrunk_to_the_input() -> None:
    assert Shrunk((64, 48), windows=False).apply(np.zeros((300, 400, 3), np.uint8)).shape == (48, 64, 3)


def test_kept_or_not_the_pixels_are_the_same(photos: Path) -> None:
    files = sorted(photos.rglob("*.jpg"))
    shrunk = Shrunk((96, 96), windows=True)
    kept, not_kept = Pictures(files, shrunk, 10**9), Pictures(files, shrunk, 0)
    first = [kept.get(row) for row in range(len(files))]
    for row, image in enumerate(first):
        assert (not_kept.get(row) == image).all()
        assert kept.get(row) is image
    assert (kept.kept, not_kept.kept) == (36, 0)


def test_no_more_is_kept_than_was_allowed(photos: Path) -> None:
    files = sorted(photos.rglob("*.jpg"))
    pictures = Pictures(files, Shrunk((96, 96), windows=True), 500_000)
    sizes = [pictures.get(row).nbytes for row in range(len(files))]
    held = sum(size for row, size in enumerate(sizes) if pictures.holds(row))
    assert 500_000 - max(sizes) < held <= 500_000


def test_a_kept_photo_does_not_lie_in_the_buffer_of_the_decoder(photos: Path) -> None:
    files = sorted(photos.rglob("*.jpg"))
    pictures = Pictures(files, Shrunk((2000, 2000), windows=True), 10**9)
    first = pictures.get(0)
    expected = first.copy()
    read_image(files[1])
    assert (first == expected).all()


@pytest.mark.parametrize("content", [b"", b"not a photo", b"\xff\xd8\xff\xe0 and no more"])
def test_a_photo_that_can_no_longer_be_read_is_named_in_full(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(content)
    with pytest.raises(FovealError) as caught:
        decode_photo([path], 0, 100)
    assert caught.value.code == "photo-lost"
    assert caught.value.message.startswith(f"{path}: expected a photo, as when the training began, got: ")
