from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from foveal.data.photo_slices import KNOWN, MEASURED, NOTHING_SAID, PHOTO_SLICES, folders
from foveal.features.pixel_view import PIXELS


def pixels(n: int = 1) -> np.ndarray:
    made = np.zeros(n, PIXELS)
    made["facts"]["width"], made["facts"]["height"] = 640, 480
    return made


def test_what_the_file_says() -> None:
    row = pixels(2)
    row["facts"]["camera"][0] = b"Nikon D5"
    row["facts"]["format"][0] = b"JPEG"
    row["facts"]["taken"][0] = int(datetime(2024, 2, 29, 23, 59, tzinfo=UTC).timestamp())
    assert PHOTO_SLICES["camera"](row) == ["Nikon D5", NOTHING_SAID]
    assert PHOTO_SLICES["format"](row) == ["JPEG", NOTHING_SAID]
    assert PHOTO_SLICES["month"](row) == ["2024-02", NOTHING_SAID]


@pytest.mark.parametrize(
    ("width", "height", "size", "shape"),
    [
        (100, 255, "short side under 256", "upright"),
        (256, 256, "short side 256 to 511", "square"),
        (511, 600, "short side 256 to 511", "upright"),
        (600, 512, "short side 512 to 1023", "wide"),
        (2000, 1900, "short side 1024 to 2047", "square"),
        (4000, 3000, "short side from 2048", "wide"),
        (0, 0, "short side under 256", "upright"),
    ],
)
def test_size_and_shape(width: int, height: int, size: str, shape: str) -> None:
    row = pixels()
    row["facts"]["width"], row["facts"]["height"] = width, height
    assert PHOTO_SLICES["size"](row) == [size]
    assert PHOTO_SLICES["shape"](row) == [shape]


def test_light_and_sharpness() -> None:
    row = pixels(3)
    row["measures"]["brightness"] = 0.1, 0.5, 0.9
    row["measures"]["sharpness"] = 0.05, 0.2, 0.9
    assert PHOTO_SLICES["light"](row) == ["dark", "medium", "bright"]
    assert PHOTO_SLICES["sharpness"](row) == ["blurred", "sharp", "sharp"]


def test_every_column_gives_plain_texts_for_any_row() -> None:
    rows = np.frombuffer(np.random.default_rng(0).bytes(PIXELS.itemsize * 20), PIXELS).copy()
    rows["facts"]["taken"] = np.abs(rows["facts"]["taken"]) % 4_000_000_000
    for column in PHOTO_SLICES.values():
        assert [type(value) for value in column(rows)] == [str] * 20
        assert column(rows[:0]) == []


def test_folders_are_those_the_photos_lie_in() -> None:
    assert folders(["a/b/1.jpg", "2.jpg", "a/3.jpg"]) == ["a/b", ".", "a"]
    assert set(KNOWN) == {*PHOTO_SLICES, "folder"}


@pytest.mark.parametrize("name", PHOTO_SLICES)
def test_each_column_looks_at_the_facts_or_at_the_measures(name: str) -> None:
    said = PHOTO_SLICES[name](pixels(3))
    part = pixels(3)[["measures" if name in MEASURED else "facts"]]
    assert PHOTO_SLICES[name](part) == said
