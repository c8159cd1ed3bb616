from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.imaging.window import balance_wh, centred_window, crop_wh, fitted_wh

SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@given(image_wh=SIZES, target_wh=SIZES, share=st.floats(0.05, 1))
def test_crop_has_the_targets_aspect_inside_the_image(image_wh, target_wh, share):
    width, height = crop_wh(image_wh, target_wh, share)
    assert width / height == pytest.approx(target_wh[0] / target_wh[1])
    assert width <= image_wh[0] * share + 1e-6
    assert height <= image_wh[1] * share + 1e-6
    assert math.isclose(width, image_wh[0] * share) or math.isclose(height, image_wh[1] * share)


@given(image_wh=SIZES, target_wh=SIZES)
def test_balance_cuts_half_of_the_excess_in_log_aspect(image_wh, target_wh):
    width, height = balance_wh(image_wh, target_wh)
    image_log, target_log = math.log(image_wh[0] / image_wh[1]), math.log(target_wh[0] / target_wh[1])
    assert math.log(width / height) == pytest.approx((image_log + target_log) / 2, abs=1e-9)
    assert math.isclose(width, image_wh[0]) or math.isclose(height, image_wh[1])
    assert width <= image_wh[0]
    assert height <= image_wh[1]


@given(image_wh=SIZES)
def test_balance_to_a_square_is_the_geometric_mean(image_wh):
    side = math.sqrt(image_wh[0] * image_wh[1])
    assert balance_wh(image_wh, (224, 224)) == pytest.approx((min(image_wh[0], side), min(image_wh[1], side)))


@given(image_wh=SIZES, target_wh=SIZES)
def test_the_fitted_image_touches_the_target_and_keeps_its_aspect(image_wh, target_wh):
    width, height = fitted_wh(image_wh, target_wh)
    assert 1 <= width <= target_wh[0]
    assert 1 <= height <= target_wh[1]
    assert width == target_wh[0] or height == target_wh[1]
    scale = min(target_wh[0] / image_wh[0], target_wh[1] / image_wh[1])
    assert abs(width - image_wh[0] * scale) <= 1
    assert abs(height - image_wh[1] * scale) <= 1


@given(
    image_wh=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    window_wh=st.tuples(st.floats(0, 60), st.floats(0, 60)),
)
def test_the_window_is_a_centred_view(image_wh, window_wh):
    rows, columns = np.mgrid[0 : image_wh[1], 0 : image_wh[0]].astype(np.uint8)
    image = np.stack([rows, columns, rows], axis=2)
    window = centred_window(image, window_wh)
    assert np.shares_memory(window, image)
    assert window.shape[0] == min(max(round(window_wh[1]), 1), image_wh[1])
    assert window.shape[1] == min(max(round(window_wh[0]), 1), image_wh[0])
    above, below = int(window[0, 0, 0]), image_wh[1] - 1 - int(window[-1, 0, 0])
    left, right = int(window[0, 0, 1]), image_wh[0] - 1 - int(window[0, -1, 1])
    assert 0 <= below - above <= 1
    assert 0 <= right - left <= 1
