from __future__ import annotations

import pytest
from tests.unit.imaging.samples import encoded, smooth_rgb

from foveal.errors import FovealError
from foveal.imaging.decode import decode
from foveal.imaging.formats import IMAGE_SUFFIXES, image_format


@pytest.mark.parametrize("known", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM", "TIFF", "AVIF"])
def test_formats_are_told_from_their_bytes(known):
    assert image_format(encoded(smooth_rgb(8, 8), known), name="x") == known


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"just some words", "text"),
        ("écrit à la main".encode(), "text"),
        ("words".encode("utf-16"), "text"),
        (b"BMW and Boeing are companies", "text"),
        (b"Pixels", "text"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>404", "an HTML page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b'<?xml version="1.0"?><a/>', "an XML document"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "a video"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "a sound or video file"),
        (bytes(64), "zeros only"),
        (b"\x00\x05\x16\x07\x00\x02", "a macOS side file"),
        (b"\xfe\x12\x9a\x00", "unknown bytes (first: fe 12 9a 00)"),
    ],
)
def test_other_files_are_named_in_the_refusal(data, what):
    with pytest.raises(FovealError) as caught:
        decode(data, name="odd.jpg")
    assert caught.value.code == "image-format"
    assert caught.value.message.startswith(f"odd.jpg: expected a photo, got {what}")


@pytest.mark.parametrize(
    ("brand", "compatible", "known"),
    [
        (b"avif", b"mif1miaf", "AVIF"),
        (b"mif1", b"avifmiaf", "AVIF"),
        (b"heic", b"mif1heic", "HEIF"),
        (b"mif1", b"heic", "HEIF"),
    ],
)
def test_brands_tell_avif_from_heic(brand, compatible, known):
    data = (16 + len(compatible)).to_bytes(4, "big") + b"ftyp" + brand + bytes(4) + compatible + b"avif"
    assert image_format(data, name="x") == known


def test_suffixes_are_lower_case_with_a_dot():
    assert {".jpg", ".jpeg", ".png", ".webp", ".tiff", ".heic", ".avif"} <= IMAGE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)
