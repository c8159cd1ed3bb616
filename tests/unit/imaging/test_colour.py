from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.unit.imaging.samples import encoded, noise_rgb, smooth_rgb

from foveal.errors import FovealError
from foveal.imaging.colour import BACKGROUND_RGB
from foveal.imaging.decode import decode

ALL_16_BIT = np.arange(65536, dtype=np.uint16).reshape(256, 256)
EIGHT_BIT = np.rint(ALL_16_BIT / 257).astype(np.uint8)


def _png(bit_depth: int, colour_type: int, size_wh: tuple[int, int], rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG of kinds that Pillow does not write; rows carry their filter bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size_wh, bit_depth, colour_type, 0, 0, 0))
    see_through = chunk(b"tRNS", extra) if extra else b""
    return b"\x89PNG\r\n\x1a\n" + header + see_through + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_exactly(image_format):
    decoded = decode(encoded(Image.fromarray(ALL_16_BIT), image_format), name="x")
    np.testing.assert_array_equal(decoded, np.repeat(EIGHT_BIT[:, :, None], 3, axis=2))


def test_big_endian_16_bit_tiff_is_scaled_exactly():
    picture = Image.fromarray(ALL_16_BIT).convert("I").convert("I;16B")
    assert picture.mode == "I;16B"
    np.testing.assert_array_equal(decode(encoded(picture, "TIFF"), name="x")[:, :, 0], EIGHT_BIT)


def test_16_bit_colour_keeps_the_high_byte():
    values = np.random.default_rng(0).integers(0, 65536, (5, 4, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    np.testing.assert_array_equal(decode(_png(16, 2, (4, 5), rows), name="x"), values >> 8)


def test_a_see_through_16_bit_grey_shows_white():
    rows = b"\0" + np.array([300, 30000, 65535], ">u2").tobytes()
    decoded = decode(_png(16, 0, (3, 1), rows, struct.pack(">H", 300)), name="x")
    assert decoded[0, :, 0].tolist() == [255, 117, 255]


def test_a_see_through_16_bit_colour_does_no_harm():
    rows = b"\0" + np.array([[300, 30000, 65535], [0, 0, 0]], ">u2").tobytes()
    decoded = decode(_png(16, 2, (2, 1), rows, struct.pack(">HHH", 300, 30000, 65535)), name="x")
    assert decoded[0, 1].tolist() == [0, 0, 0]


def test_32_bit_integers_are_refused_above_16_bits():
    inside = np.array([[0, 257, 65535]], np.int32)
    assert decode(encoded(inside, "TIFF"), name="x")[0, :, 0].tolist() == [0, 1, 255]
    for outside in (65536, -1):
        with pytest.raises(FovealError, match="from 0 to 65535") as caught:
            decode(encoded(np.array([[0, outside]], np.int32), "TIFF"), name="x")
        assert caught.value.code == "image-format"


def test_floats_are_read_on_the_0_to_1_scale_only():
    decoded = decode(encoded(np.array([[0, 0.5, 1]], np.float32), "TIFF"), name="x")
    assert decoded[0, :, 0].tolist() == [0, 128, 255]
    for outside in (1.5, -0.1, np.nan, np.inf):
        with pytest.raises(FovealError, match="from 0 to 1") as caught:
            decode(encoded(np.array([[0, outside]], np.float32), "TIFF"), name="x")
        assert caught.value.code == "image-format"


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_over_white(image_format):
    options = {"lossless": True, "exact": True} if image_format == "WEBP" else {}
    rgba = np.dstack([noise_rgb(20, 20), np.arange(400).reshape(20, 20) % 256]).astype(np.uint8)
    alpha = rgba[:, :, 3:] / 255
    expected = rgba[:, :, :3] * alpha + np.array(BACKGROUND_RGB) * (1 - alpha)
    decoded = decode(encoded(Image.fromarray(rgba, "RGBA"), image_format, **options), name="x")
    assert np.abs(decoded - expected).max() <= 0.51


def test_grey_with_alpha_is_laid_over_white():
    grey_alpha = np.array([[[10, 255], [10, 0], [0, 128]]], np.uint8)
    decoded = decode(encoded(Image.fromarray(grey_alpha, "LA"), "PNG"), name="x")
    assert decoded[0].tolist() == [[10, 10, 10], [255, 255, 255], [127, 127, 127]]


@pytest.mark.parametrize("image_format", ["PNG", "GIF"])
def test_a_see_through_palette_entry_shows_white(image_format):
    picture = Image.new("P", (3, 1))
    picture.putpalette([200, 10, 20, 30, 140, 50, 60, 70, 80])
    picture.putdata([0, 1, 2])
    decoded = decode(encoded(picture, image_format, transparency=1), name="x")
    assert decoded[0].tolist() == [[200, 10, 20], [255, 255, 255], [60, 70, 80]]


def test_palette_entries_may_be_half_see_through():
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, 100, 100, 100])
    picture.putdata([0, 1])
    decoded = decode(encoded(picture, "PNG", transparency=bytes([128, 255])), name="x")
    assert decoded[0].tolist() == [[127] * 3, [100] * 3]


@pytest.mark.parametrize(("mode", "see_through"), [("L", 7), ("RGB", (7, 7, 7))])
def test_a_see_through_colour_shows_white(mode, see_through):
    picture = Image.fromarray(np.array([[7, 8]], np.uint8)).convert(mode)
    decoded = decode(encoded(picture, "PNG", transparency=see_through), name="x")
    assert decoded[0].tolist() == [[255] * 3, [8] * 3]


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "PPM", "BMP", "GIF"])
def test_one_bit_pictures_are_black_and_white(image_format):
    bits = np.random.default_rng(0).integers(0, 2, (9, 13)).astype(bool)
    decoded = decode(encoded(Image.fromarray(bits), image_format), name="x")
    np.testing.assert_array_equal(decoded, np.repeat(bits[:, :, None] * 255, 3, axis=2))


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "PPM", "BMP", "JPEG"])
def test_grey_pictures_have_three_equal_channels(image_format):
    grey = smooth_rgb(30, 30)[:, :, 0]
    decoded = decode(encoded(grey, image_format), name="x")
    assert np.abs(decoded.astype(int) - grey[:, :, None]).max() <= 3
    assert (decoded == decoded[:, :, :1]).all()


@pytest.mark.parametrize("image_format", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(image_format):
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    decoded = decode(encoded(picture, image_format), name="x")
    assert np.abs(decoded.astype(int) - [255, 0, 0]).max() <= 4


@pytest.mark.parametrize(("ink", "grey"), [((255, 127, 127, 0), 255), ((0, 127, 127, 0), 0)])
def test_ycck_jpeg_is_not_inverted(ink, grey):
    data = encoded(Image.new("CMYK", (16, 16), ink), "JPEG")
    transform = data.index(b"Adobe") + 11
    # the same four numbers, now read as luma, two chromas and black, all inverted as Adobe writes them
    ycck = data[:transform] + b"\x02" + data[transform + 1 :]
    assert np.abs(decode(ycck, name="x").astype(int) - grey).max() <= 4


def test_lab_is_converted():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
    image_rgb = smooth_rgb(20, 20)
    data = encoded(to_lab.apply(Image.fromarray(image_rgb)), "TIFF")
    assert np.abs(decode(data, name="x").astype(int) - image_rgb).mean() < 3


def test_ycbcr_tiff_is_converted():
    image_rgb = smooth_rgb(20, 20)
    decoded = decode(encoded(Image.fromarray(image_rgb).convert("YCbCr"), "TIFF"), name="x")
    assert np.abs(decoded.astype(int) - image_rgb).max() <= 4


def test_every_pixel_type_gives_contiguous_rgb():
    for picture in (Image.new("RGBA", (3, 2)), Image.new("L", (3, 2)), Image.fromarray(ALL_16_BIT)):
        decoded = decode(encoded(picture, "PNG"), name="x")
        assert decoded.flags.c_contiguous
        assert decoded.flags.writeable
        assert decoded.shape[2] == 3
