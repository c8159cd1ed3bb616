from __future__ import annotations

import struct
import threading
import time
import zlib

import pytest
from tests.unit.imaging.samples import encoded, noise_rgb

from foveal.errors import FovealError
from foveal.imaging.decode import DEFAULT_LIMITS, decode
from foveal.imaging.limits import LARGE_PIXELS, Limits, turn_to_decode

PHOTO = noise_rgb(20, 30)


def _png_bomb() -> bytes:
    data = bytearray(encoded(PHOTO, "PNG"))
    data[16:24] = struct.pack(">II", 30_000, 30_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def _jpeg_bomb() -> bytes:
    data = bytearray(encoded(PHOTO, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 30_000, 30_000)
    return bytes(data)


def _gif_bomb() -> bytes:
    data = bytearray(encoded(PHOTO, "GIF"))
    data[6:10] = struct.pack("<HH", 60_000, 60_000)
    return bytes(data)


def _bmp_bomb() -> bytes:
    data = bytearray(encoded(PHOTO, "BMP"))
    data[18:26] = struct.pack("<ii", 30_000, 30_000)
    return bytes(data)


def _webp_bomb() -> bytes:
    data = bytearray(encoded(PHOTO, "WEBP", lossless=True))
    flags = int.from_bytes(data[21:25], "little") >> 28
    data[21:25] = (16_382 | 16_382 << 14 | flags << 28).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize("make", [_png_bomb, _jpeg_bomb, _gif_bomb, _bmp_bomb, _webp_bomb])
def test_bombs_are_refused_at_once(make):
    data = make()
    began = time.perf_counter()
    with pytest.raises(FovealError) as caught:
        decode(data, name="bomb.png")
    # Decoding takes minutes; a busy machine may be slow to refuse.
    assert time.perf_counter() - began < 5
    assert caught.value.code == "image-too-large"
    assert f"{DEFAULT_LIMITS.max_pixels:,}" in caught.value.message


@pytest.mark.parametrize("field", ["max_pixels", "max_file_bytes"])
def test_limits_are_checked_at_birth(field):
    with pytest.raises(FovealError, match=field) as caught:
        Limits(**{field: 0})
    assert caught.value.code == "bad-limits"


def test_a_header_without_pixels_is_refused():
    with pytest.raises(FovealError, match="0×5") as caught:
        DEFAULT_LIMITS.check_pixels((0, 5), name="x")
    assert caught.value.code == "image-corrupt"


def test_large_photos_wait_for_each_other_and_small_ones_do_not():
    entered = threading.Event()

    def large() -> None:
        with turn_to_decode((LARGE_PIXELS + 1, 1)):
            entered.set()

    thread = threading.Thread(target=large)
    with turn_to_decode((LARGE_PIXELS + 1, 1)):
        thread.start()
        assert not entered.wait(0.05)
        with turn_to_decode((LARGE_PIXELS, 1)):
            assert not entered.is_set()
    assert entered.wait(5)
    thread.join()
