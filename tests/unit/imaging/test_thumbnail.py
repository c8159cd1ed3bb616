from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from foveal.imaging.thumbnail import LONG_SIDE, MOST_BYTES, reduced, shown_jpeg, thumbnail


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(400, 533, (96, 72)), (1000, 10, (1, 96)), (20, 30, (30, 20))]
)
def test_the_shape_is_kept_and_small_photos_stay(height, width, expected):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(thumbnail(image))) as opened:
        assert opened.format == "JPEG"
        assert opened.size == expected
        assert max(opened.size) <= LONG_SIDE


def test_even_noise_fits():
    noise = np.random.default_rng(1).integers(0, 256, (LONG_SIDE, LONG_SIDE, 3), dtype=np.uint8)
    assert 1000 < len(thumbnail(noise)) <= MOST_BYTES


def test_it_looks_like_the_photo():
    image = np.zeros((200, 200, 3), np.uint8)
    image[:, 100:] = (200, 40, 90)
    with Image.open(io.BytesIO(thumbnail(image))) as opened:
        small = np.asarray(opened)
    np.testing.assert_allclose(small[48, [10, 85]], [(0, 0, 0), (200, 40, 90)], atol=12)


def test_reducing_averages():
    checks = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    image = np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8)
    np.testing.assert_allclose(reduced(image, 32), 127.5, atol=1)


@pytest.mark.parametrize(
    ("height", "width", "expected"), [(400, 800, (360, 180)), (9, 12, (360, 270)), (1, 1, (360, 360))]
)
def test_what_people_are_shown_is_always_as_long(height, width, expected):
    image = np.full((height, width, 3), 77, np.uint8)
    with Image.open(io.BytesIO(shown_jpeg(image, 360))) as opened:
        assert opened.size == expected
        np.testing.assert_allclose(np.asarray(opened), 77, atol=3)
