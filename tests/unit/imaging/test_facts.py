from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.unit.imaging.samples import encoded, exif_with, noise_rgb, smooth_rgb

from foveal.imaging.decode import decode
from foveal.imaging.facts import FACTS, read_facts


def facts_of(data: bytes, *, min_side: int = 0) -> np.void:
    read = read_facts(data, decode(data, name="x", min_side=min_side))
    assert read.dtype == FACTS
    assert read.shape == (1,)
    return read[0]


def animated(image_format: str, count: int = 3) -> bytes:
    file = io.BytesIO()
    first, *rest = [Image.fromarray(noise_rgb(20, 30, seed)) for seed in range(count)]
    first.save(file, image_format, save_all=True, append_images=rest)
    return file.getvalue()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF"])
def test_format_and_size_are_told(image_format):
    data = encoded(smooth_rgb(20, 30), image_format)
    facts = facts_of(data)
    assert facts["format"] == image_format.encode()
    assert (facts["width"], facts["height"], facts["frames"], facts["orientation"]) == (30, 20, 1, 1)
    assert facts["file_bytes"] == len(data)
    assert (facts["quality"] > 0) == (image_format == "JPEG")
    assert (facts["taken"], facts["camera"]) == (0, b"")


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "TIFF", "WEBP", "AVIF"])
def test_pictures_are_counted(image_format):
    assert facts_of(animated(image_format))["frames"] == 3


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_is_upright_and_the_orientation_told(image_format, orientation):
    exif = exif_with(orientation)
    exif[0x010F], exif[0x0110] = "Acme", "X200"
    exif.get_ifd(0x8769)[0x9003] = "1970:01:01 00:01:40"
    facts = facts_of(encoded(smooth_rgb(20, 30), image_format, exif=exif))
    upright = (30, 20) if orientation <= 4 else (20, 30)
    assert (facts["width"], facts["height"]) == upright
    assert (facts["camera"], facts["orientation"]) == (b"Acme X200", orientation)
    # Pillow leaves the directory with the time out of a TIFF file
    assert facts["taken"] == (0 if image_format == "TIFF" else 100)


@pytest.mark.parametrize(
    ("mode", "image_format"),
    [("1", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG"), ("CMYK", "TIFF"), ("CMYK", "JPEG")],
)
def test_modes_are_told(mode, image_format):
    picture = Image.fromarray(np.full((20, 30), 700, np.uint16)) if mode == "I;16" else Image.new(mode, (30, 20))
    assert facts_of(encoded(picture, image_format))["mode"] == mode.encode()


def test_16_bits_a_colour_are_told_though_pillow_reads_8():
    cv2 = pytest.importorskip("cv2")
    written, data = cv2.imencode(".png", np.full((20, 30, 3), 700, np.uint16))
    assert written
    assert facts_of(data.tobytes())["mode"] == b"RGB;16B"


@given(width=st.integers(1, 2000), height=st.integers(1, 2000), orientation=st.sampled_from([1, 6]))
def test_the_true_size_is_told_of_a_photo_that_was_decoded_small(width, height, orientation):
    data = encoded(Image.new("L", (width, height)), "JPEG", exif=exif_with(orientation))
    facts = facts_of(data, min_side=30)
    assert (facts["width"], facts["height"]) == ((width, height) if orientation == 1 else (height, width))


def test_a_part_of_a_photo_has_its_own_size():
    data = encoded(noise_rgb(200, 300), "JPEG")
    facts = read_facts(data, noise_rgb(200, 300)[10:60, 20:90])[0]
    assert (facts["width"], facts["height"], facts["format"]) == (70, 50, b"JPEG")


@pytest.mark.parametrize("data", [b"", b"pixels (20, 30, 3)", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_photo_file_has_the_size_of_its_pixels(data):
    facts = read_facts(data, noise_rgb(20, 30))[0]
    assert (facts["width"], facts["height"], facts["mode"], facts["file_bytes"]) == (30, 20, b"RGB", len(data))
    assert (facts["frames"], facts["orientation"], facts["quality"]) == (1, 1, 0)


def test_a_later_frame_that_is_damaged_does_not_hide_the_first():
    data = animated("GIF")
    assert facts_of(data[: 2 * len(data) // 3])["format"] == b"GIF"


def test_jpeg_facts_take_microseconds():
    data, image = encoded(noise_rgb(400, 533), "JPEG", exif=exif_with(1)), noise_rgb(400, 533)
    took = []
    for _ in range(200):
        began = time.perf_counter()
        read_facts(data, image)
        took.append(time.perf_counter() - began)
    assert min(took) < 500e-6
