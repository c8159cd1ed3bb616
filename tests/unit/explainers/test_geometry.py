from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.explainers.geometry import CANVAS_SIDE, Frame, canvas_hw
from foveal.imaging.preprocess import MODES, Preprocess

HALF = (0.5, 0.5, 0.5)


def preprocess(mode, share=1.0, size_wh=(48, 48)):
    return Preprocess(size_wh=size_wh, mode=mode, crop_share=share, mean=HALF, std=HALF)


def spot(values):
    """Centre of gravity, in shares of the width and height."""
    weight = np.clip(values.astype(np.float64), 0, None)
    height, width = weight.shape
    x = (weight.sum(axis=0) * (np.arange(width) + 0.5)).sum() / weight.sum() / width
    y = (weight.sum(axis=1) * (np.arange(height) + 0.5)).sum() / weight.sum() / height
    return x, y


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("image_wh", [(200, 120), (121, 203), (150, 150)])
def test_a_spot_in_the_input_comes_back_to_its_place_in_the_photo(mode, mirrored, image_wh):
    width, height = image_wh
    wanted = preprocess(mode, share=0.9)
    image = np.zeros((height, width, 3), np.uint8)
    left, top = round(0.4 * width), round(0.55 * height)
    image[top : top + 12, left : left + 12] = 255
    seen = wanted.apply(image)
    seen = seen[:, ::-1] if mirrored else seen
    bright = (seen[:, :, 0] > 200).astype(np.float32)
    frame = Frame.of(wanted, image_wh, mirrored=mirrored)
    x, y = spot(frame.onto_canvas(bright, canvas_hw(image_wh)))
    assert x == pytest.approx((left + 6) / width, abs=0.02)
    assert y == pytest.approx((top + 6) / height, abs=0.02)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mask_on_the_photo_hides_that_place_in_the_input(mode, mirrored):
    image_wh = (200, 120)
    wanted = preprocess(mode)
    frame = Frame.of(wanted, image_wh, mirrored=mirrored)
    mask = np.zeros((60, 100), np.float32)
    mask[20:30, 40:60] = 1
    image = np.repeat(np.kron(mask, np.ones((2, 2)))[:, :, None], 3, axis=2).astype(np.uint8) * 255
    seen = wanted.apply(image)
    seen = (seen[:, ::-1] if mirrored else seen)[:, :, 0].astype(np.float32) / 255
    moved = frame.onto_input(mask, wanted.size_wh)
    inner = np.s_[10:38, 10:38] if mode == "pad" else np.s_[:, :]
    assert np.abs(moved[inner] - seen[inner]).mean() < 0.03


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(st.integers(1, 900), st.integers(1, 900)),
    st.tuples(st.integers(8, 64), st.integers(8, 64)),
    st.sampled_from(MODES),
    st.booleans(),
)
def test_what_is_seen_is_covered_and_nothing_else(image_wh, size_wh, mode, mirrored):
    frame = Frame.of(preprocess(mode, size_wh=size_wh), image_wh, mirrored=mirrored)
    hw = canvas_hw(image_wh)
    covered = frame.onto_canvas(np.ones((7, 7), np.float32), hw)
    np.testing.assert_array_equal(covered > 0.5, frame.seen(hw))
    assert np.allclose(frame.onto_input(np.ones(hw, np.float32), size_wh), 1)
    assert max(hw) <= CANVAS_SIDE
    if mode in ("pad", "stretch"):
        assert frame.seen(hw).all()


def test_padding_is_always_shown():
    frame = Frame.of(preprocess("pad"), (100, 50))
    hidden = frame.onto_input(np.zeros((50, 100), np.float32), (48, 48))
    assert (hidden[:12] == 1).all()
    assert (hidden[-12:] == 1).all()
    assert (hidden[13:35] == 0).all()
