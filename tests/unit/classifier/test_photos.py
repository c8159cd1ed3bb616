from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.classifier.photos import as_photos
from foveal.errors import FovealError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.jpg"):
        Image.new("RGB", (4, 6)).save(tmp_path / name)
    return tmp_path


def _pixels(height: int = 3, width: int = 2) -> np.ndarray:
    return np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)


def test_a_path_may_be_text_or_path_a_photo_or_a_folder(folder: Path) -> None:
    both = [folder / "a.jpg", folder / "b.jpg"]
    assert list(as_photos(str(folder))) == list(as_photos(folder)) == both
    assert list(as_photos(str(folder / "b.jpg"))) == [folder / "b.jpg"]


def test_lists_keep_their_order_and_a_photo_counts_once(folder: Path) -> None:
    given = [folder / "b.jpg", str(folder / "a.jpg"), folder]
    for each in (given, iter(given)):
        assert list(as_photos(each)) == [folder / "b.jpg", folder / "a.jpg"]


def test_mixtures(folder: Path) -> None:
    image = Image.fromarray(_pixels())
    photos = as_photos([folder / "b.jpg", _pixels(), folder / "a.jpg", image, [folder / "a.jpg"]])
    assert [each if isinstance(each, Path) else each.shape for each in photos] == [
        folder / "b.jpg",
        (3, 2, 3),
        folder / "a.jpg",
        (3, 2, 3),
        folder / "a.jpg",
    ]
    assert np.array_equal(photos[1], photos[3])


def test_a_stack_of_images_is_one_photo_each() -> None:
    stack = np.stack([_pixels(), _pixels()[::-1]])
    assert [each.shape for each in as_photos(stack) if isinstance(each, np.ndarray)] == [(3, 2, 3)] * 2


def test_a_pillow_image_is_turned_as_its_tag_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(_pixels(8, 16)).save(file, "PNG", exif=exif)
    with Image.open(file) as image:
        (photo,) = as_photos(image)
    assert np.array_equal(photo, np.rot90(_pixels(8, 16), -1))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_a_pillow_image_of_any_mode_becomes_rgb(mode: str) -> None:
    (photo,) = as_photos(Image.new(mode, (5, 4)))
    assert isinstance(photo, np.ndarray)
    assert (photo.shape, photo.dtype) == ((4, 5, 3), np.uint8)


def test_views_become_contiguous() -> None:
    (photo,) = as_photos(_pixels(6, 6)[::2, ::-1])
    assert isinstance(photo, np.ndarray)
    assert photo.flags.c_contiguous


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (np.zeros((4, 4, 3), np.float32), "float32 [4, 4, 3]"),
        (np.zeros((4, 4), np.uint8), "uint8 [4, 4]"),
        (np.zeros((4, 4, 4), np.uint8), "uint8 [4, 4, 4]"),
        (np.zeros((0, 4, 3), np.uint8), "uint8 [0, 4, 3]"),
        (np.array(1), "int64 []"),
        (7, "int"),
        (None, "NoneType"),
        ([3.5], "float"),
    ],
)
def test_anything_else_is_refused(given: object, got: str) -> None:
    with pytest.raises(FovealError, match="uint8 array") as caught:
        as_photos(given)
    assert caught.value.code == "bad-image"
    assert caught.value.message.endswith(got)


def test_nothing_is_refused(tmp_path: Path) -> None:
    for given, code in ((tmp_path, "no-photos"), (tmp_path / "none.jpg", "not-found")):
        with pytest.raises(FovealError) as caught:
            as_photos(given)
        assert caught.value.code == code
