from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.grouping.changed_photos import photo, sketches_of

from foveal.grouping.align import align, look, normalise, shrink
from foveal.grouping.tries import straight
from foveal.imaging.sketch import grey


def _pictures(seed: int, side: int = 32) -> np.ndarray:
    levels = grey(sketches_of([photo(seed)]))
    return normalise(shrink(levels, side, blur=1.0), reach=3.0, noise=4.0)


def test_flat_pictures_have_no_texture():
    flat = np.full((2, 64, 64), 200, np.uint8)
    assert np.abs(normalise(shrink(flat, 16, blur=2.0), reach=2.0, noise=4.0)).max() < 1e-3


def test_normalising_takes_off_brightness_and_contrast():
    levels = shrink(grey(sketches_of([photo(0)])), 32, blur=1.0)
    one, other = (normalise(each, reach=3.0, noise=0.1) for each in (levels, levels * 0.5 + 60))
    assert np.abs(one - other).max() < 0.05


def test_shrinking_keeps_plain_levels():
    assert np.abs(shrink(np.full((1, 64, 64), 37, np.uint8), 16, blur=2.0) - 37).max() < 1e-3


def test_looking_straight_shows_the_picture_itself_and_mirrored_its_mirror_image():
    picture = _pictures(1)
    seen, inside = look(picture, straight(1, 1))
    assert inside.all()
    np.testing.assert_allclose(seen.reshape(picture.shape), picture, atol=1e-5)
    mirrored, _ = look(picture, straight(1, -1))
    np.testing.assert_allclose(mirrored.reshape(picture.shape), picture[:, :, ::-1], atol=1e-5)


def test_looking_beside_the_picture_is_known_to_be_outside():
    warps = straight(1, 1)
    warps[0, 0, 2] = 1
    _, inside = look(_pictures(1), warps)
    assert inside.mean() == 0.5


def test_more_pictures_than_one_call_of_opencv_takes():
    pictures = np.random.default_rng(0).normal(size=(1100, 32, 32)).astype(np.float32)
    seen, _ = look(pictures, straight(1100, 1))
    np.testing.assert_allclose(seen.reshape(pictures.shape), pictures, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 20),
    shift=st.tuples(st.floats(-0.12, 0.12), st.floats(-0.12, 0.12)),
    degrees=st.floats(-6, 6),
    scale=st.floats(0.93, 1.07),
)
def test_finds_how_one_picture_lies_on_the_other(seed, shift, degrees, scale):
    image = cv2.GaussianBlur(photo(seed), (0, 0), 3)[:, :, 1]
    square = cv2.resize(image, (256, 256))
    matrix = cv2.getRotationMatrix2D((127.5, 127.5), degrees, scale)
    matrix[:, 2] += np.array(shift) * 128
    moved = cv2.warpAffine(square, matrix, (256, 256), borderMode=cv2.BORDER_REFLECT)
    small = [cv2.resize(each, (64, 64), interpolation=cv2.INTER_AREA)[None] for each in (square, moved)]
    one, other = (normalise(shrink(each, 32, blur=1.5), reach=3.0, noise=2.0) for each in small)
    warps = align(one, other, straight(1, 1), steps=12)
    np.testing.assert_allclose(warps[0, :, :2], matrix[:, :2], atol=0.03)
    np.testing.assert_allclose(warps[0, :, 2], shift, atol=0.03)


@pytest.mark.parametrize("side", [16, 32])
def test_pictures_without_texture_stay_where_they_are(side):
    flat = np.zeros((3, side, side), np.float32)
    np.testing.assert_allclose(align(flat, flat, straight(3, 1), steps=3), straight(3, 1), atol=1e-6)


def test_none_at_all():
    none = np.empty((0, 16, 16), np.float32)
    assert align(none, none, straight(0, 1), steps=2).shape == (0, 2, 3)
