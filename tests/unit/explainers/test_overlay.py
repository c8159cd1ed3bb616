from __future__ import annotations

import numpy as np
import pytest

from foveal.explainers.overlay import draw, strengths

LINES = (("cam: not better than chance", True), ("deletion 0.1", False))


def picture(values, seen=None, *, photo=None):
    photo = np.full((120, 160, 3), 200, np.uint8) if photo is None else photo
    seen = np.ones(values.shape, np.bool_) if seen is None else seen
    return draw(photo, values, seen, title="ünï котик 99.0%", lines=LINES)


def test_the_photo_stands_unchanged_beside_its_map():
    photo = np.random.default_rng(0).integers(0, 256, (120, 220, 3), dtype=np.uint8)[:, :170]
    drawn = picture(np.eye(7, dtype=np.float32), photo=photo)
    np.testing.assert_array_equal(drawn[:120, :170], photo)
    assert drawn.dtype == np.uint8
    assert drawn.shape[0] > 160


def test_the_highest_place_is_bright_yellow_and_no_place_is_grey():
    values = np.zeros((12, 16), np.float32)
    values[2:6, 10:14] = 3
    values[8:, :4] = -5
    shaded = picture(values)[:120, 168 : 168 + 160].astype(int)
    red, green, blue = shaded[40, 120]
    assert red > 200
    assert green > 200
    assert blue < green - 30
    for grey in (shaded[10, 10], shaded[110, 10]):
        assert np.ptp(grey) < 12


def test_what_is_not_seen_is_dark():
    seen = np.ones((12, 16), np.bool_)
    seen[:, :4] = False
    shaded = picture(np.zeros((12, 16), np.float32), seen)[:120, 168 : 168 + 160].astype(int)
    assert shaded[60, 20].max() < 0.5 * shaded[60, 80].min()


def test_a_warning_is_red():
    drawn = picture(np.zeros((4, 4), np.float32)).astype(int)[120:]
    reddish = (drawn[..., 0] > drawn[..., 1] + 60) & (drawn[..., 0] > drawn[..., 2] + 60)
    assert reddish.sum() > 50
    calm = draw(
        np.zeros((120, 160, 3), np.uint8), np.zeros((4, 4), np.float32), np.ones((4, 4), np.bool_), title="a", lines=()
    )
    assert np.ptp(calm[121:].astype(int), axis=2).max() < 40


@pytest.mark.parametrize(("height", "width"), [(1, 360), (360, 1), (10, 10), (100, 360)])
def test_photos_of_odd_shapes_leave_room_for_the_words(height, width):
    drawn = picture(np.ones((3, 3), np.float32), photo=np.zeros((height, width, 3), np.uint8))
    assert drawn.shape[1] >= 300


def test_strengths_run_from_none_to_the_highest():
    np.testing.assert_allclose(strengths(np.array([[-2, 0, 1, 4]], np.float32)), [[0, 0, 0.25, 1]])
    assert not strengths(np.full((2, 2), -1, np.float32)).any()
