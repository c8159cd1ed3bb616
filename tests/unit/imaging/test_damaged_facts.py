"""Damaged files of every format that foveal reads: decoded and described, or refused with one reason, and soon."""

from __future__ import annotations

import functools
import io
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.unit.imaging.samples import encoded, exif_with, smooth_rgb

from foveal.errors import FovealError
from foveal.imaging.decode import decode
from foveal.imaging.facts import FACTS, read_facts
from foveal.imaging.measures import measure

FILES = 200
MOST_SECONDS = 5.0
PHOTO_FAULTS = {"image-format", "image-truncated", "image-corrupt", "image-too-large", "image-empty"}
FORMATS = ("JPEG", "JPEG progressive", "PNG", "GIF", "BMP", "TIFF", "TIFF packed", "WEBP", "PPM", "AVIF", "APNG")


@functools.cache
def sound(kind: str) -> bytes:
    image = Image.fromarray(smooth_rgb(40, 60))
    exif = exif_with(6)
    exif[0x010F], exif[0x0110] = "Acme", "X200"
    exif.get_ifd(0x8769)[0x9003] = "2020:05:06 07:08:09"
    if kind in {"GIF", "APNG"}:
        file = io.BytesIO()
        options = {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}
        image.save(file, "PNG" if kind == "APNG" else kind, **options)
        return file.getvalue()
    image_format, _, variant = kind.partition(" ")
    options = {"": {}, "progressive": {"progressive": True}, "packed": {"compression": "tiff_lzw"}}[variant]
    return encoded(image, image_format, **options, **({} if image_format in {"BMP", "PPM"} else {"exif": exif}))


def damaged(kind: str, seed: int) -> bytes:
    """Bytes flipped all over or in the header, the end cut off, a piece moved or repeated, or another's header."""
    dice = np.random.default_rng([FORMATS.index(kind), seed])
    data = bytearray(sound(kind))
    way = seed % 5
    if way in {0, 1}:
        reach = len(data) if way == 0 else min(len(data), 256)
        for _ in range(int(dice.integers(1, 13))):
            data[int(dice.integers(reach))] = int(dice.integers(256))
    elif way == 2:
        del data[int(dice.integers(len(data))) :]
    elif way == 3:
        start, to, length = *dice.integers(len(data), size=2).tolist(), int(dice.integers(1, 400))
        data[to:to] = data[start : start + length]
    else:
        other, size = sound(str(dice.choice(FORMATS))), int(dice.choice([8, 16, 64, 200]))
        data[:size] = other[:size]
    return bytes(data)


def outcome(data: bytes) -> str:
    """The code of the one reason why a file is refused, or an empty text where it is read and described."""
    began = time.monotonic()
    refusal = _described(data)
    assert time.monotonic() - began < MOST_SECONDS
    if refusal is None:
        return ""
    assert refusal.message.count("damaged.jpg") == 1
    return refusal.code


def _described(data: bytes) -> FovealError | None:
    try:
        image = decode(data, name="damaged.jpg")
    except FovealError as error:
        return error
    facts = read_facts(data, image)
    assert facts.dtype == FACTS
    assert (facts["width"] >= 1) & (facts["height"] >= 1) & (facts["frames"] >= 1)
    assert 1 <= facts["orientation"][0] <= 8
    assert measure(image).shape == (1,)
    return None


@pytest.mark.parametrize("kind", FORMATS)
def test_the_undamaged_files_are_read(kind):
    assert outcome(sound(kind)) == ""


def test_200_damaged_files_are_each_read_or_refused_with_a_reason():
    outcomes = [outcome(damaged(FORMATS[seed % len(FORMATS)], seed)) for seed in range(FILES)]
    assert set(outcomes) <= PHOTO_FAULTS | {""}
    refused = sum(1 for each in outcomes if each)
    assert FILES // 4 < refused < FILES


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(FORMATS), data=st.data())
def test_any_damage_is_survived(kind, data):
    content = bytearray(sound(kind))
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    assert outcome(bytes(content)) in PHOTO_FAULTS | {""}


@given(start=st.sampled_from(FORMATS), size=st.integers(0, 64), rest=st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_facts_are_told_of_any_bytes(start, size, rest):
    facts = read_facts(sound(start)[:size] + rest, smooth_rgb(4, 6))
    assert facts["width"][0] >= 1
    assert 1 <= facts["orientation"][0] <= 8
