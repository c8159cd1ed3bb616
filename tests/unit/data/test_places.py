from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from tests.drawn_photos import jpeg

from foveal.data.dataset import Dataset
from foveal.data.photo import FilePhoto, PixelPhoto, as_photo, photo_name
from foveal.data.places import DEFLATED, SpanPhoto, Spans, join_spans
from foveal.errors import FovealError

PHOTO = jpeg(0)


def deflated(data: bytes) -> bytes:
    worker = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return worker.compress(data) + worker.flush()


@pytest.fixture
def container(tmp_path: Path) -> Path:
    file = tmp_path / "photos.bin"
    file.write_bytes(b"head" + PHOTO + deflated(PHOTO))
    return file


def spans(file: Path) -> Spans:
    packed = len(deflated(PHOTO))
    return Spans(
        (file,),
        np.zeros(2, np.int32),
        np.array([4, 4 + len(PHOTO)]),
        np.array([len(PHOTO), packed]),
        np.array([0, DEFLATED], np.uint8),
    )


def test_a_photo_inside_a_file_is_the_same_photo(container: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.jpg"
    alone.write_bytes(PHOTO)
    for index in (0, 1):
        photo = spans(container).photo(index, "cat/1.jpg")
        assert photo.read() == as_photo(alone).read() == PHOTO
        assert (photo.name, photo.file, photo.salt) == ("1.jpg", container, b"")
        assert photo.label == f"{container}/cat/1.jpg"
        pixels = photo.decode(photo.read()).copy()
        np.testing.assert_array_equal(pixels, FilePhoto(alone).decode(PHOTO))
        status = photo.status()
        assert status is not None
        assert status.st_size == container.stat().st_size
    assert spans(container).photo(0, "a").detail != spans(container).photo(1, "a").detail


def test_a_dataset_of_such_photos(container: Path) -> None:
    names, parts = ("a/1.jpg", "b/1.jpg"), np.zeros(2, np.int8)
    dataset = Dataset(container, names, np.array([0, 1]), ("a", "b"), parts, places=spans(container))
    one = dataset.take(np.array([1])).photos()[0]
    assert isinstance(one, SpanPhoto)
    assert (one.path, one.method) == ("b/1.jpg", DEFLATED)
    with pytest.raises(FovealError, match="expected 1 places, got 2"):
        Dataset(container, ("a",), np.array([0]), ("a",), parts[:1], places=spans(container))


def test_damage_is_named(container: Path, tmp_path: Path) -> None:
    cut = SpanPhoto(container, "x.jpg", 4, 10**6)
    with pytest.raises(FovealError, match=r"x\.jpg: expected a photo in photos\.bin, got: it ends .* bytes early"):
        cut.read()
    with pytest.raises(FovealError, match="No such file"):
        SpanPhoto(tmp_path / "gone.tar", "x.jpg", 0, 5).read()
    packed = container.stat().st_size - 4 - len(PHOTO)
    with pytest.raises(FovealError, match="end early"):
        SpanPhoto(container, "x.jpg", 4 + len(PHOTO), packed - 5, DEFLATED).read()
    with pytest.raises(FovealError, match="expected a photo in"):
        SpanPhoto(container, "x.jpg", 4, 100, DEFLATED).read()


def test_an_archive_cannot_swell_without_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foveal.data import places
    from foveal.imaging.limits import Limits

    file = tmp_path / "bomb"
    file.write_bytes(deflated(bytes(10_000_000)))
    monkeypatch.setattr(places, "DEFAULT_LIMITS", Limits(max_file_bytes=1_000_000))
    with pytest.raises(FovealError, match="the limit is 1,000,000"):
        SpanPhoto(file, "x.jpg", 0, file.stat().st_size, DEFLATED).read()


def test_joined_spans(container: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"head" + PHOTO + deflated(PHOTO))
    joined = join_spans([spans(container), spans(other)])
    assert [joined.photo(at, "1.jpg").file for at in range(4)] == [container, container, other, other]
    assert all(joined.photo(at, "1.jpg").read() == PHOTO for at in range(4))


def test_what_photos_are_called(container: Path) -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    assert photo_name(Path("a/1.jpg"), 0) == "a/1.jpg"
    assert photo_name(pixels, 3) == "image 3"
    assert photo_name(SpanPhoto(container, "a/1.jpg", 0, 1), 0) == f"{container}/a/1.jpg"
    assert isinstance(as_photo(pixels), PixelPhoto)
    assert as_photo(pixels).read() == pixels.tobytes() + b"(2, 2, 3)"
