from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from foveal.classifier.photos import as_photos
from foveal.data.places import SpanPhoto


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("1.jpg", "one")
        made.writestr("2.jpg", "two")
    (tmp_path / "3.jpg").write_bytes(b"three")
    return path


def test_an_archive_is_its_photos(archive: Path) -> None:
    photos = as_photos(archive)
    assert [photo.name for photo in photos if isinstance(photo, SpanPhoto)] == ["1.jpg", "2.jpg"]
    assert as_photos(photos) is photos
    assert as_photos(photos[0]) == [photos[0]]


def test_archives_among_other_things(archive: Path) -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    first, second, third, file = as_photos([archive, image, archive.parent / "3.jpg"])
    assert isinstance(first, SpanPhoto)
    assert isinstance(second, SpanPhoto)
    assert isinstance(third, np.ndarray)
    assert file == archive.parent / "3.jpg"
