from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from foveal.data.crops import CropPhoto, Crops
from foveal.data.photo import FilePhoto, PixelPhoto
from foveal.errors import FovealError
from foveal.features.fingerprint import content_key
from foveal.imaging.stored_size import jpeg_size_wh
from foveal.types.names import Names


def coloured(height: int, width: int) -> NDArray[np.uint8]:
    """Every pixel says where it is: red its column, green its row."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    return image


def png(path: Path, image: NDArray[np.uint8]) -> Path:
    Image.fromarray(image).save(path)
    return path


def crop(path: Path, *box: float, in_parts: bool = False, margin: float = 0.0) -> NDArray[np.uint8]:
    left, top, right, bottom = np.array(box, np.float32).tolist()
    photo = CropPhoto(FilePhoto(path), "a.png#1", (left, top, right, bottom), in_parts, margin)
    return photo.decode(photo.read()).copy()


def span(image: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """First and last column and row that are in the picture."""
    return int(image[0, 0, 0]), int(image[0, 0, 1]), int(image[-1, -1, 0]), int(image[-1, -1, 1])


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10, 20, 30, 25), (10, 20, 29, 24)),
        ((10.4, 20.6, 30.4, 25.6), (10, 20, 30, 25)),  # every pixel that it touches
        ((9.997, 20.003, 30.003, 24.997), (10, 20, 29, 24)),  # rounding adds no pixel
        ((-5, -5, 500, 500), (0, 0, 99, 79)),
        ((12.2, 13.3, 12.4, 13.4), (12, 13, 12, 13)),
        ((99.5, 79.5, 100, 80), (99, 79, 99, 79)),
    ],
)
def test_pixels_of_a_box(tmp_path: Path, box: tuple[float, ...], expected: tuple[int, ...]) -> None:
    assert span(crop(png(tmp_path / "a.png", coloured(80, 100)), *box)) == expected


def test_parts_and_margin(tmp_path: Path) -> None:
    file = png(tmp_path / "a.png", coloured(80, 100))
    assert span(crop(file, 0.1, 0.25, 0.3, 0.5, in_parts=True)) == (10, 20, 29, 39)
    assert span(crop(file, 20, 40, 40, 60, margin=0.25)) == (15, 35, 44, 64)
    assert span(crop(file, 0, 40, 40, 80, margin=0.5)) == (0, 20, 59, 79)


@pytest.mark.parametrize("box", [(100, 0, 120, 10), (-9, 3, 0, 9), (5, 5, 5, 9), (float("nan"), 0, 5, 5)])
def test_a_box_outside_is_the_photos_fault(tmp_path: Path, box: tuple[float, ...]) -> None:
    with pytest.raises(FovealError, match=r"100×80") as caught:
        crop(png(tmp_path / "a.png", coloured(80, 100)), *box)
    assert caught.value.code == "image-box"


def jpeg(path: Path, width: int, height: int, *, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = np.random.default_rng(0).integers(0, 255, (height // 40, width // 40, 3), np.uint8)
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(path, quality=95, exif=exif)
    return path


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_small_where_the_box_allows(tmp_path: Path, orientation: int) -> None:
    file = jpeg(tmp_path / "a.jpg", 1600, 1200, orientation=orientation)
    whole = FilePhoto(file).decode(FilePhoto(file).read()).copy()
    assert jpeg_size_wh(file.read_bytes(), name="a") == (whole.shape[1], whole.shape[0])
    for box, divisor in (((100, 160, 1100, 1160), 8), ((104, 160, 404, 460), 2), ((104, 160, 164, 220), 1)):
        photo = CropPhoto(FilePhoto(file), "a.jpg#1", box)
        small = photo.decode(photo.read(), min_side=32).copy()
        left, top, right, bottom = box
        assert abs(small.shape[0] - (bottom - top) / divisor) <= 1
        assert small.shape[1] >= 32
        expected = Image.fromarray(whole[top:bottom, left:right]).resize(small.shape[1::-1], Image.Resampling.BOX)
        assert np.abs(small.astype(int) - np.asarray(expected).astype(int)).mean() < 12


def test_each_box_is_a_photo_of_its_own(tmp_path: Path) -> None:
    png(tmp_path / "a.png", coloured(80, 100))
    boxes = np.array([[0, 0, 5, 5], [0, 0, 5, 6], [0, 0, 5, 5]], np.float32)
    crops = Crops(root=tmp_path, files=Names(["a.png"]), which=np.zeros(3, np.int32), boxes_xyxy=boxes)
    photos = [crops.photo(index, f"a.png#{index + 1}") for index in range(3)]
    keys = [content_key(photo.read() + photo.salt) for photo in photos]
    assert keys[0] == keys[2] != keys[1]
    assert keys[0] != content_key(photos[0].read())
    assert len({photo.detail for photo in photos}) == 2
    assert photos[1].label == f"{tmp_path / 'a.png'}#2"
    assert photos[1].name == "a.png#2"
    assert photos[1].file == tmp_path / "a.png"
    assert photos[1].status() is not None
    taken = crops.take(np.array([1]))
    assert (len(taken), taken.photo(0, "x").box_xyxy) == (1, (0, 0, 5, 6))


@given(left=st.floats(-20, 120), top=st.floats(-20, 100), width=st.floats(0.1, 150), height=st.floats(0.1, 90))
def test_a_crop_is_a_part_of_the_photo(left: float, top: float, width: float, height: float) -> None:
    image = coloured(80, 100)
    photo = CropPhoto(PixelPhoto(image), "x#1", (left, top, left + width, top + height))
    try:
        got = photo.decode(photo.read())
    except FovealError as error:
        outside = left + width <= 0.02 or top + height <= 0.02 or left >= 99.98 or top >= 79.98
        if error.code != "image-box" or not outside:
            raise
        return
    x, y = int(got[0, 0, 0]), int(got[0, 0, 1])
    assert np.array_equal(got, image[y : y + got.shape[0], x : x + got.shape[1]])
    assert abs(got.shape[1] - (min(left + width, 100) - max(left, 0))) < 2


def test_other_formats_have_no_stored_size() -> None:
    out = io.BytesIO()
    Image.new("RGB", (3, 3)).save(out, "PNG")
    assert jpeg_size_wh(out.getvalue(), name="a") is None
