from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.unit.imaging.samples import exif_with, noise_rgb, stored_as

from foveal.imaging.exif import EXIF_MARK
from foveal.imaging.orientation import exif_orientation, turn_upright


def _block(order: str, kind: int, value: int, values: int = 1, before: int = 0) -> bytes:
    entries = [struct.pack(order + "HHII", 0x0100 + number, 4, 1, number) for number in range(before)]
    form = {1: "Bxxx", 3: "Hxx", 4: "I"}.get(kind, "I")
    entries.append(struct.pack(order + "HHI" + form, 0x0112, kind, values, value))
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IH", 8, len(entries)) + b"".join(entries) + bytes(4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_blocks_of_pillow_are_read(orientation):
    written = exif_with(orientation)
    written[0x010F] = "a camera"
    written[0x0132] = "2024:01:01 00:00:00"
    block = written.tobytes()
    assert exif_orientation(block) == orientation
    assert exif_orientation(block.removeprefix(EXIF_MARK)) == orientation


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 4])
@pytest.mark.parametrize("before", [0, 5])
def test_both_byte_orders_and_all_whole_number_types_are_read(order, kind, before):
    assert exif_orientation(EXIF_MARK + _block(order, kind, 6, before=before)) == 6


@given(orientation=st.integers(1, 8), order=st.sampled_from("<>"), before=st.integers(0, 10))
def test_the_parser_agrees_with_pillow(orientation, order, before):
    block = _block(order, 3, orientation, before=before)
    pillow = Image.Exif()
    pillow.load(block)
    assert exif_orientation(block) == pillow[0x0112] == orientation


@pytest.mark.parametrize(
    "block",
    [
        b"",
        EXIF_MARK,
        b"II*\0",
        b"XX*\0" + bytes(20),
        b"II*\0\xff\xff\xff\xff" + bytes(20),
        _block("<", 3, 0),
        _block("<", 3, 9),
        _block("<", 2, 6),
        _block("<", 3, 6, values=2),
    ],
)
def test_no_or_a_damaged_tag_means_upright(block):
    assert exif_orientation(block) == 1


@given(rest=st.binary(max_size=200), start=st.sampled_from([b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0"]))
def test_any_bytes_give_an_orientation(start, rest):
    assert 1 <= exif_orientation(start + rest) <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(5, 7), (1, 4), (4, 1), (1, 1)])
def test_pictures_are_turned_upright(orientation, shape):
    upright = noise_rgb(*shape)
    turned = turn_upright(stored_as(upright, orientation), orientation)
    np.testing.assert_array_equal(turned, upright)
    assert turned.flags.c_contiguous
