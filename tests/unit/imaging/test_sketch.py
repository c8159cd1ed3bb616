from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.imaging.samples import smooth_rgb

from foveal.errors import FovealError
from foveal.imaging.resize import resize
from foveal.imaging.sketch import SKETCH_BYTES, colour, grey, size_wh, sketch


def test_small_enough_to_keep_one_of_every_photo():
    assert SKETCH_BYTES <= 4352


@settings(deadline=None)
@given(height=st.integers(1, 200), width=st.integers(1, 200), value=st.integers(0, 255))
def test_a_plain_photo_of_any_size_is_plain(height, width, value):
    sketches = sketch(np.full((height, width, 3), value, np.uint8))[None]
    assert (grey(sketches) == value).all()
    assert (colour(sketches) == value).all()
    assert size_wh(sketches).tolist() == [[width, height]]


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (20, 4000), (64, 64), (1081, 719)])
def test_any_size_and_aspect(size):
    image = smooth_rgb(*size)
    before = image.copy()
    first = sketch(image)
    assert first.shape == (SKETCH_BYTES,)
    assert first.dtype == np.uint8
    assert (first == sketch(image)).all()
    assert (image == before).all()


def test_the_same_on_every_thread_and_from_any_memory():
    image = smooth_rgb(533, 400)
    wide = np.zeros((533, 800, 3), np.uint8)
    wide[:, ::2] = image
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(sketch, [image, wide[:, ::2], np.asfortranarray(image), image] * 4))
    assert all((each == found[0]).all() for each in found)


def test_the_sketch_of_a_mirrored_photo_is_mirrored():
    image = smooth_rgb(400, 512)
    plain, mirrored = (sketch(each)[None] for each in (image, np.ascontiguousarray(image[:, ::-1])))
    assert np.abs(grey(plain)[:, :, ::-1].astype(int) - grey(mirrored)).max() <= 2
    assert np.abs(colour(plain)[:, :, ::-1].astype(int) - colour(mirrored)).max() <= 2


def test_hardly_depends_on_the_size_of_the_photo():
    image = smooth_rgb(800, 600)
    large, small = (grey(sketch(each)[None]).astype(int) for each in (image, resize(image, (311, 417))))
    assert np.abs(large - small).mean() < 2


def test_colours_are_in_their_place():
    image = np.zeros((80, 80, 3), np.uint8)
    image[:40, :, 0], image[40:, :, 2] = 250, 200
    found = colour(sketch(image)[None])[0]
    assert found[0, 0].tolist() == [250, 0, 0]
    assert found[7, 7].tolist() == [0, 0, 200]


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)],
)
def test_refuses_what_is_no_rgb_photo(wrong):
    with pytest.raises(FovealError, match="expected uint8") as caught:
        sketch(wrong)
    assert caught.value.code == "bad-image-array"
