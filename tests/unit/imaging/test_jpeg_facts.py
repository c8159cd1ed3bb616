from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.unit.imaging.samples import encoded, exif_with, noise_rgb, smooth_rgb

from foveal.imaging.jpeg_facts import read_jpeg_facts, table_quality


@pytest.mark.parametrize("quality", range(1, 101))
def test_the_quality_pillow_wrote_is_told(quality):
    facts = read_jpeg_facts(encoded(smooth_rgb(9, 17), "JPEG", quality=quality))
    assert facts is not None
    assert facts.quality == quality


@pytest.mark.parametrize(("channels", "mode"), [("L", "L"), ("RGB", "RGB"), ("CMYK", "CMYK")])
def test_the_mode_is_told_by_the_channels(channels, mode):
    facts = read_jpeg_facts(encoded(Image.fromarray(smooth_rgb(9, 17)).convert(channels), "JPEG"))
    assert facts is not None
    assert (facts.mode, facts.size_wh) == (mode, (17, 9))


@pytest.mark.parametrize("progressive", [False, True])
def test_the_camera_is_told(progressive):
    exif = exif_with(8)
    exif[0x010F], exif[0x0110] = "Acme", "X200"
    facts = read_jpeg_facts(encoded(smooth_rgb(9, 17), "JPEG", exif=exif, progressive=progressive))
    assert facts is not None
    assert (facts.taken.camera, facts.orientation) == (b"Acme X200", 8)


def test_tables_of_16_bits_are_read():
    data = encoded(smooth_rgb(9, 17), "JPEG", quality=40)
    at = data.index(b"\xff\xdb")
    steps = data[at + 5 : at + 5 + 64]
    wide = b"\xff\xdb" + (2 + 1 + 128).to_bytes(2, "big") + b"\x10" + b"".join(bytes([0, step]) for step in steps)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    facts = read_jpeg_facts(data[:at] + wide + data[at + 2 + length :])
    assert facts is not None
    assert facts.quality == 40


@given(total=st.integers(0, 64 * 65535))
def test_any_table_has_a_quality_and_coarser_ones_a_lower(total):
    assert 1 <= table_quality(total + 100) <= table_quality(total) <= 100


@pytest.mark.parametrize("cut", [0, 3, 30, 200])
def test_a_header_that_is_cut_says_nothing(cut):
    assert read_jpeg_facts(encoded(noise_rgb(9, 17), "JPEG")[:cut]) is None


def test_a_table_that_is_cut_says_no_quality():
    data = encoded(smooth_rgb(9, 17), "JPEG", qtables=[[7] * 64])
    at = data.index(b"\xff\xdb")
    broken = data[: at + 2] + (12).to_bytes(2, "big") + data[at + 4 : at + 14] + data[at + 2 + 67 :]
    facts = read_jpeg_facts(broken)
    assert facts is not None
    assert facts.quality == 0
