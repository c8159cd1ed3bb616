from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.imaging.samples import noise_rgb, smooth_rgb

from foveal.imaging.opencv import opencv
from foveal.imaging.resize import resize

SIDES = st.integers(1, 300)


def test_opencv_works_in_one_thread():
    assert opencv().getNumThreads() == 1


@settings(deadline=None)
@given(height=SIDES, width=SIDES, size_wh=st.tuples(SIDES, SIDES), value=st.integers(0, 255))
def test_any_size_goes_to_any_other_and_plain_stays_plain(height, width, size_wh, value):
    resized = resize(np.full((height, width, 3), value, np.uint8), size_wh)
    assert resized.shape == (size_wh[1], size_wh[0], 3)
    assert resized.dtype == np.uint8
    assert resized.flags.c_contiguous
    assert (resized == value).all()


@pytest.mark.parametrize("size", [(400, 533), (1000, 1500), (224, 300), (450, 450), (700, 300), (100, 80)])
def test_it_is_close_to_averaging_over_areas(size):
    image = smooth_rgb(*size)
    area = cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA)
    assert np.abs(resize(image, (224, 224)).astype(int) - area).max() <= 4


@pytest.mark.parametrize("size", [(960, 960), (2000, 3000), (960, 240), (240, 960)])
def test_fine_stripes_become_grey_and_not_coarse_stripes(size):
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    stripes = (rows if size[0] >= size[1] else columns) % 2 * 255
    resized = resize(np.repeat(stripes[:, :, None], 3, axis=2).astype(np.uint8), (224, 224))
    assert np.abs(resized.astype(int) - 127).max() <= 8


def test_whole_halves_are_exact_means():
    image = noise_rgb(16, 16)
    means = image.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize(image, (8, 8)) - means).max() <= 0.51


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (1, 70_000), (70_000, 1)])
def test_very_long_images(shape):
    assert resize(np.full((*shape, 3), 9, np.uint8), (224, 224)).shape == (224, 224, 3)


def test_the_result_never_shares_memory_with_the_image():
    image = noise_rgb(30, 40)
    for size_wh in ((40, 30), (20, 15), (80, 60)):
        assert not np.shares_memory(resize(image, size_wh), image)
    np.testing.assert_array_equal(resize(image, (40, 30)), image)
