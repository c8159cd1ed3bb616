from __future__ import annotations

import struct
import threading
import time

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.unit.imaging.samples import encoded, exif_with, noise_rgb, smooth_rgb

from foveal.errors import FovealError
from foveal.imaging import jpeg
from foveal.imaging.decode import decode


@given(height=st.integers(1, 90), width=st.integers(1, 90), progressive=st.booleans(), grey=st.booleans())
def test_the_header_agrees_with_libjpeg(height, width, progressive, grey):
    picture = Image.fromarray(smooth_rgb(height, width)).convert("L" if grey else "RGB")
    data = encoded(picture, "JPEG", progressive=progressive, exif=exif_with(3))
    header = jpeg.read_header(data, name="x")
    assert header.size_wh[::-1] == simplejpeg.decode_jpeg_header(data)[:2] == (height, width)
    assert header.channels == (1 if grey else 3)
    assert header.several_scans == progressive
    assert header.orientation == 3


def test_exif_is_found_behind_other_segments_but_not_in_the_picture():
    data = encoded(noise_rgb(8, 8), "JPEG", exif=exif_with(6))
    long_segment = b"\xff\xe2" + struct.pack(">H", 65535) + bytes(65533)
    assert jpeg.read_header(data[:2] + long_segment * 3 + data[2:], name="x").orientation == 6
    plain = encoded(noise_rgb(8, 8), "JPEG")
    assert jpeg.read_header(plain + exif_with(6).tobytes(), name="x").orientation == 1


def test_fill_bytes_and_stray_bytes_between_segments_are_skipped():
    data = encoded(noise_rgb(8, 9), "JPEG")
    at = data.index(b"\xff\xdb")
    assert jpeg.read_header(data[:at] + b"\xff\xff\xff" + data[at:], name="x").size_wh == (9, 8)
    assert jpeg.read_header(data[:at] + b"\x00\x01" + data[at:], name="x").size_wh == (9, 8)


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\x00", b"\xff\xd0", b"\xff\xe0\0\0"])
def test_a_hostile_header_is_given_up_quickly(filling):
    began = time.perf_counter()
    with pytest.raises(FovealError) as caught:
        decode(b"\xff\xd8\xff" + filling * 3_000_000, name="x")
    assert caught.value.code in {"image-corrupt", "image-truncated"}
    # Milliseconds, where going back for every byte takes hours.
    assert time.perf_counter() - began < 10


@given(width=st.integers(1, 70_000), height=st.integers(1, 70_000), min_side=st.integers(0, 2000))
def test_scaled_decoding_leaves_three_times_the_pixels(width, height, min_side):
    divisor = jpeg.scale_divisor((width, height), min_side)
    assert divisor in {1, 2, 4, 8}
    if divisor > 1:
        assert min(width, height) / divisor >= 3 * min_side > 0
    if min_side > 0 and divisor < 8 and min(width, height) >= 128:
        assert min(width, height) / (2 * divisor) < max(3 * min_side, 8)


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (33, 40), (65, 129), (127, 200), (250, 255)])
def test_libjpeg_returns_the_size_that_was_foreseen(size):
    data = encoded(smooth_rgb(size[1], size[0]), "JPEG")
    divisor = jpeg.scale_divisor(size, 1)
    assert divisor > 1
    width, height = jpeg.scaled_wh(size, divisor)
    assert decode(data, name="x", min_side=1).shape == (height, width, 3)


def test_scaled_pixels_are_the_photo():
    image_rgb = smooth_rgb(320, 480)
    decoded = decode(encoded(image_rgb, "JPEG", quality=95), name="x", min_side=25)
    small = np.array(Image.fromarray(image_rgb).resize((120, 80), Image.Resampling.BOX))
    assert decoded.shape == small.shape
    assert np.abs(decoded.astype(int) - small).mean() < 3


@pytest.mark.parametrize(
    "benign",
    [
        lambda data: data.replace(b"JFIF\0\x01", b"JFIF\0\x09"),
        lambda data: data[:-2] + b"\x01\x02\x03" + data[-2:],
        lambda data: data + b"a photo's tail, as phones append",
    ],
)
def test_oddities_that_leave_every_pixel_are_accepted(benign):
    data = encoded(smooth_rgb(40, 40), "JPEG")
    expected = decode(data, name="x").copy()
    odd = benign(data)
    assert odd != data
    assert np.abs(decode(odd, name="x").astype(int) - expected).max() <= 1


@pytest.mark.parametrize("revision", [1, 9])
def test_the_end_mark_does_not_hide_a_missing_part(revision):
    data = encoded(noise_rgb(64, 64), "JPEG").replace(b"JFIF\0\x01", b"JFIF\0" + bytes([revision]))
    with pytest.raises(FovealError) as caught:
        decode(data[: len(data) // 2] + b"\xff\xd9", name="x")
    assert caught.value.code == "image-truncated"


def test_a_jpeg_of_endless_scans_is_refused():
    data = encoded(noise_rgb(64, 64), "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(FovealError, match="510 scans") as caught:
        decode(data[:-2] + last_scan * (510 - data.count(b"\xff\xda")) + b"\xff\xd9", name="x")
    assert caught.value.code == "image-corrupt"


def test_the_kept_buffer_is_bounded(monkeypatch):
    monkeypatch.setattr(jpeg, "MAX_KEPT_BYTES", 3 * 2**20)
    small, large = encoded(smooth_rgb(100, 100), "JPEG"), encoded(smooth_rgb(1100, 1000), "JPEG")
    kept: list[bool] = []

    def work() -> None:
        first = decode(small, name="x")
        beyond = decode(large, name="x")
        again = decode(small, name="x")
        kept.extend([np.shares_memory(first, again), np.shares_memory(first, beyond)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert kept == [True, False]
