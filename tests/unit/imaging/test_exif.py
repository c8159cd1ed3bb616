from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from foveal.imaging.exif import EXIF_MARK, ExifBlock, Taken, read_taken

_MAKE, _MODEL, _DIRECTORY, _TAKEN = 0x010F, 0x0110, 0x8769, 0x9003


def block(make: str | None = None, model: str | None = None, taken: str | None = None) -> bytes:
    exif = Image.Exif()
    for tag, value in ((_MAKE, make), (_MODEL, model)):
        if value is not None:
            exif[tag] = value
    if taken is not None:
        exif.get_ifd(_DIRECTORY)[_TAKEN] = taken
    return exif.tobytes()


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Acme", "X200", b"Acme X200"),
        ("Canon", "Canon IXY", b"Canon IXY"),
        ("NIKON", "nikon d40", b"nikon d40"),
        (None, "X200", b"X200"),
        ("Acme", None, b"Acme"),
        ("Ab", "c", b"Ab c"),
        (" Acme  ", "X\x07200 ", b"Acme X200"),
        (None, None, b""),
    ],
)
def test_make_and_model_are_one_name(make, model, camera):
    assert read_taken(block(make, model)).camera == camera


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1970:01:02 00:00:01", 86_401),
        ("2024:02:29 12:30:00", 1_709_209_800),
        ("1969:12:31 23:59:59", -1),
        ("2023:02:29 12:30:00", 0),
        ("0000:00:00 00:00:00", 0),
        ("    :  :     :  :  ", 0),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_the_time_is_in_seconds_and_nonsense_is_no_time(written, seconds):
    assert read_taken(block("Acme", "X", written)).seconds == seconds


@given(make=st.text("abcXYZ 019", max_size=30), model=st.text("abcXYZ 019", min_size=1, max_size=30))
def test_what_pillow_writes_is_read_back(make, model):
    read = read_taken(block(make, model, "2020:05:06 07:08:09"))
    assert read.seconds == 1_588_748_889
    assert read.camera.split()[-len(model.split()) or 10**6 :] == model.encode().split()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "seconds"), [(4, 60), (13, 60), (3, 0)])
def test_the_directory_with_the_time_is_found_by_both_pointer_types(order, kind, seconds):
    first = struct.pack(order + "HHHII", 1, _DIRECTORY, kind, 1, 26) + bytes(4)
    second = struct.pack(order + "HHHII", 1, _TAKEN, 2, 20, 44) + bytes(4)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    tiff = mark + struct.pack(order + "I", 8) + first + second + b"1970:01:01 00:01:00\0"
    assert read_taken(tiff).seconds == seconds


def test_text_that_lies_outside_the_block_is_not_said():
    entry = struct.pack("<HHII", _MODEL, 2, 20, 10**6)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    assert read_taken(EXIF_MARK + tiff) == Taken()


def test_a_directory_that_claims_too_many_entries_ends_with_the_block():
    tiff = b"MM\0*" + struct.pack(">IH", 8, 65535) + struct.pack(">HHII", 1, 3, 1, 5 << 16) + bytes(5)
    assert [entry.tag for entry in ExifBlock(tiff).entries()] == [1]


@given(rest=st.binary(max_size=300), start=st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_any_bytes_are_read_without_complaint(start, rest):
    taken = read_taken(EXIF_MARK + start + rest)
    assert len(taken.camera) <= 129
    assert all(32 <= byte < 127 for byte in taken.camera)


@given(data=st.data())
def test_a_damaged_block_is_read_without_complaint(data):
    whole = bytearray(block("Acme", "X200", "2020:05:06 07:08:09"))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(read_taken(bytes(whole[: data.draw(st.integers(0, len(whole)))])), Taken)
