from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.imaging.samples import noise_rgb, smooth_rgb

from foveal.errors import FovealError
from foveal.imaging.measures import MEASURES, measure


def drawn(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Sharp shapes on a gradient."""
    random = np.random.default_rng(seed)
    image = smooth_rgb(height, width) // 2 + 60
    for _ in range(12):
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        x, y, radius = random.random(3) * (width, height, 0.2 * min(height, width))
        cv2.circle(image, (int(x), int(y)), int(radius) + 2, colour, -1)
    return image


def moved(image: np.ndarray, length: int, *, turned: bool) -> np.ndarray:
    kernel = np.full((1, length), 1 / length, np.float32)
    return cv2.filter2D(image, -1, kernel.T if turned else kernel)


@pytest.mark.parametrize("value", [0, 100, 255])
def test_a_plain_picture_has_its_own_brightness_and_nothing_else(value):
    measures = measure(np.full((300, 200, 3), value, np.uint8))[0]
    for name in ("brightness", "dark", "light"):
        assert measures[name] == pytest.approx(value / 255)
    assert (measures["contrast"], measures["sharpness"], measures["entropy"]) == (0, 0, 0)
    np.testing.assert_allclose(measures["colour"], value / 255, atol=1e-6)
    np.testing.assert_allclose(measures["border"], np.tile([value / 255] * 3 + [0], (4, 1)), atol=1e-6)


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 100))
def test_any_size_gives_finite_measures_in_their_ranges(height, width, seed):
    image = noise_rgb(height, width, seed)
    before = image.copy()
    measures = measure(image)[0]
    np.testing.assert_array_equal(image, before)
    for name in MEASURES.names or ():
        assert np.isfinite(measures[name]).all(), name
        assert (measures[name] >= 0).all(), name
    for name in ("brightness", "dark", "light", "contrast", "colour", "border"):
        assert (measures[name] <= 1).all(), name
    assert measures["dark"] <= measures["light"]
    assert measures["entropy"] <= 8
    np.testing.assert_allclose(measures["colour"], image.reshape(-1, 3).mean(0) / 255, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (1, 1), (2, 700), (1600, 1200)])
def test_extreme_shapes_are_measured(shape):
    assert np.isfinite(measure(noise_rgb(*shape))["sharpness"]).all()


def test_each_side_of_the_border_is_its_own_two_pixels():
    image = noise_rgb(80, 120)
    sides = (image[:2], image[:, -2:], image[-2:], image[:, :2])
    border = measure(image)["border"][0]
    for row, side in zip(border, sides, strict=True):
        np.testing.assert_allclose(row[:3], side.reshape(-1, 3).mean(0) / 255, atol=1e-5)
        np.testing.assert_allclose(row[3], np.sqrt(side.reshape(-1, 3).var(0).mean()) / 255, atol=1e-5)


@pytest.mark.parametrize("shape", [(533, 400), (1200, 1600), (250, 250)])
@pytest.mark.parametrize("seed", range(3))
def test_blur_and_movement_make_a_picture_unsharp_whatever_its_size(shape, seed):
    image = drawn(*shape, seed=seed)
    length = int(0.04 * max(shape))
    sharp = float(measure(image)["sharpness"][0])
    assert sharp > 0.2
    blurs = [cv2.GaussianBlur(image, (0, 0), 0.01 * max(shape))]
    blurs += [moved(image, length, turned=turned) for turned in (False, True)]
    for blurred in blurs:
        assert float(measure(blurred)["sharpness"][0]) < 0.15


def test_less_contrast_is_not_less_sharp():
    image = drawn(400, 300)
    faint = image // 3 + 80
    assert measure(faint)["contrast"][0] < 0.5 * measure(image)["contrast"][0]
    assert measure(faint)["sharpness"][0] > 0.7 * measure(image)["sharpness"][0]


def test_entropy_grows_with_the_number_of_levels():
    levels = [2, 16, 256]
    columns = np.arange(512) % 256
    pictures = [np.repeat(np.tile(columns * n // 256 * (256 // n), (300, 1))[:, :, None], 3, 2) for n in levels]
    entropies = [float(measure(each[:, :256].astype(np.uint8))["entropy"][0]) for each in pictures]
    np.testing.assert_allclose(entropies, np.log2(levels), atol=0.01)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_rgb_photo_is_refused(image):
    with pytest.raises(FovealError) as caught:
        measure(image)
    assert caught.value.code == "bad-image-array"


@given(height=st.integers(1, 60), width=st.integers(1, 60), seed=st.integers(0, 100), noise=st.booleans())
def test_sharpness_is_the_steepness_of_the_sharpest_edges_in_their_least_sharp_direction(height, width, seed, noise):
    image = noise_rgb(height, width, seed) if noise else drawn(height, width, seed)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    # beyond the end lies the pixel before it, and beside a lone pixel itself
    padded = np.pad(grey.astype(int), ((1, 1), (0, 0)), mode="reflect" if height > 1 else "edge")
    padded = np.pad(padded, ((0, 0), (1, 1)), mode="reflect" if width > 1 else "edge")
    edges = max(1, round(0.005 * grey.size))
    steepest = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        before = padded[1 - down : 1 - down + height, 1 - right : 1 - right + width]
        after = padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        steepest.append(np.sort(np.abs(before + after - 2 * grey.astype(int)), axis=None)[-edges])
    measures = measure(image)[0]
    spread = float(measures["light"] - measures["dark"]) * 255
    assert measures["sharpness"] == pytest.approx(min(steepest) / (spread + 10), rel=1e-5)
