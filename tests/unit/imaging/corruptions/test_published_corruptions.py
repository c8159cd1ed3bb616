"""Against the definitions of ImageNet-C, written down as plainly as they can be (Hendrycks and Dietterich 2019).

What happens by chance is compared by its mean and spread, or pixel by pixel on the same draws.
"""

from __future__ import annotations

import colorsys
import io
import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from foveal.imaging.corruptions import elastic, glass
from foveal.imaging.corruptions.corrupt import corrupt
from foveal.imaging.corruptions.glass import displaced
from foveal.imaging.corruptions.motion import smeared
from foveal.imaging.corruptions.plasma import plasma
from foveal.imaging.corruptions.strengths import SETTINGS

Photo = NDArray[np.uint8]
STRENGTHS = range(1, 6)


def drawn(seed: int = 0) -> Photo:
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (28, 28, 3), np.uint8)
    image = cv2.resize(coarse, (224, 224), interpolation=cv2.INTER_CUBIC)
    image[:8] = 0
    image[-8:] = 255
    return image


def down(values: NDArray[np.floating]) -> Photo:
    """0..1 to bytes, as the files were written: rounded down."""
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def off(found: Photo, expected: Photo) -> NDArray[np.int64]:
    return np.abs(found.astype(np.int64) - expected)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_gaussian_noise(strength: int) -> None:
    """On a middle grey that noise does not push off the scale, mean and spread are those of the definition."""
    grey = np.full((224, 224, 3), 128, np.uint8)
    sigma = (0.08, 0.12, 0.18, 0.26, 0.38)[strength - 1]
    expected = down(128 / 255 + np.random.default_rng(0).normal(size=grey.shape, scale=sigma)).astype(float)
    found = corrupt("gaussian_noise", grey, strength).astype(float)
    assert found.mean() == pytest.approx(expected.mean(), abs=0.8)
    assert found.std() == pytest.approx(expected.std(), rel=0.01)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("value", [0, 3, 60, 128, 250, 255])
def test_shot_noise(strength: int, value: int) -> None:
    photons = (60, 25, 12, 5, 3)[strength - 1]
    flat = np.full((224, 224, 3), value, np.uint8)
    expected = down(np.random.default_rng(0).poisson(value / 255 * photons, flat.shape) / photons)
    found = corrupt("shot_noise", flat, strength)
    shares = np.stack([np.bincount(each.ravel(), minlength=256) / flat.size for each in (found, expected)])
    assert np.abs(np.diff(shares.cumsum(axis=1), axis=0)).max() < 0.006


@pytest.mark.parametrize("strength", STRENGTHS)
def test_impulse_noise(strength: int) -> None:
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[strength - 1]
    grey = np.full((224, 224, 3), 100, np.uint8)
    found = corrupt("impulse_noise", grey, strength)
    assert set(np.unique(found)) == {0, 100, 255}
    assert (found == 0).mean() == pytest.approx(share / 2, rel=0.05)
    assert (found == 255).mean() == pytest.approx(share / 2, rel=0.05)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_defocus_blur(strength: int) -> None:
    radius, sigma = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[strength - 1]
    reach, side = (8, 3) if radius <= 8 else (radius, 5)
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disk = (x**2 + y**2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), (side, side), sigma).astype(np.float64)
    image = drawn() / 255
    expected = down(np.stack([ndimage.correlate(image[..., c], kernel, mode="mirror") for c in range(3)], axis=-1))
    assert off(corrupt("defocus_blur", drawn(), strength), expected).max() <= 1


def slow_displacement(shifts: NDArray[np.int8], size_hw: tuple[int, int], reach: int) -> NDArray[np.intp]:
    """The published loop: backwards over the pixels, both assignments through views."""
    height, width = size_hw
    shown = np.arange(height * width).reshape(height, width, 1).copy()
    for row in range(height - reach, reach, -1):
        for column in range(width - reach, reach, -1):
            dy, dx = shifts[:, row - reach - 1, column - reach - 1]
            shown[row, column], shown[row + dy, column + dx] = shown[row + dy, column + dx], shown[row, column]
    return shown.ravel()


@pytest.mark.parametrize("reach", [1, 2, 3, 4])
@pytest.mark.parametrize("size_hw", [(30, 30), (21, 34)])
def test_glass_moves_pixels_as_the_published_loop_does(reach: int, size_hw: tuple[int, int]) -> None:
    chance = np.random.default_rng(reach)
    for _ in range(5):
        inner = (2, size_hw[0] - 2 * reach, size_hw[1] - 2 * reach)
        shifts = chance.integers(-reach, reach, inner, np.int8)
        expected = slow_displacement(shifts, size_hw, reach)
        np.testing.assert_array_equal(displaced(size_hw, reach, shifts), expected)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_glass_blurs_before_and_after(strength: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glass, "displaced", lambda size_hw, reach, shifts: np.arange(size_hw[0] * size_hw[1]))
    sigma = (0.7, 0.9, 1.0, 1.1, 1.5)[strength - 1]
    twice = ndimage.gaussian_filter(drawn() / 255, (sigma, sigma, 0), mode="nearest", truncate=4)
    twice = ndimage.gaussian_filter(down(twice) / 255, (sigma, sigma, 0), mode="nearest", truncate=4)
    assert off(corrupt("glass_blur", drawn(), strength), down(twice)).max() <= 2


@pytest.mark.parametrize("angle", [-45, -20, 0, 10, 45, -90, -135])
def test_motion_blur(angle: float) -> None:
    """Steps of one pixel along the ray, edges repeated, half a Gaussian as weights."""
    radius, sigma = 15, 8
    image = drawn()[:40, :50].astype(np.float32)
    width = 2 * radius + 1
    weights = np.exp(-(np.arange(width) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    rows, columns = np.mgrid[:40, :50]
    expected = np.zeros_like(image)
    for step in range(width):
        dy = math.ceil(step * math.sin(math.radians(angle)) - 0.5)
        dx = math.ceil(step * math.cos(math.radians(angle)) - 0.5)
        expected += weights[step] * image[np.clip(rows + dy, 0, 39), np.clip(columns + dx, 0, 49)]
    np.testing.assert_allclose(smeared(image, radius, sigma, angle), expected, atol=1e-2)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_zoom_blur(strength: int) -> None:
    """Resizing aligns areas here and centres there: an eighth of a pixel at most."""
    last, step = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[strength - 1]
    image = drawn().astype(np.float32) / 255
    total = image.copy()
    factors = np.arange(1, last, step)
    assert len(factors) == SETTINGS["zoom_blur"][strength - 1][1]
    for factor in factors:
        side = math.ceil(224 / factor)
        top = (224 - side) // 2
        large = ndimage.zoom(image[top : top + side, top : top + side], (factor, factor, 1), order=1)
        trim = (large.shape[0] - 224) // 2
        total += large[trim : trim + 224, trim : trim + 224]
    expected = down(total / (len(factors) + 1))
    wrong = off(corrupt("zoom_blur", drawn(), strength), expected)
    assert wrong.mean() < 0.7
    assert wrong.max() <= 9


@pytest.mark.parametrize("strength", STRENGTHS)
def test_snow_whitens_as_published_where_no_flake_falls(strength: int) -> None:
    left = SETTINGS["snow"][strength - 1][6]
    image = drawn()
    part = image.astype(float) / 255
    grey = part @ [0.299, 0.587, 0.114]
    white = np.maximum(part, (grey * 1.5 + 0.5)[..., None])
    least = down(left * part + (1 - left) * white)
    found = corrupt("snow", image, strength)
    assert (found.astype(int) >= least.astype(int) - 1).all()


def slow_snow(image: Photo, strength: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """The published snow with scipy's zoom, float64 [224, 224, 3]."""
    mean, deviation, larger, threshold, radius, sigma, left = SETTINGS["snow"][strength - 1]
    side = math.ceil(224 / larger)
    flakes = ndimage.zoom(chance.normal(mean, deviation, (side, side)), larger, order=1)
    trim = (len(flakes) - 224) // 2
    flakes = flakes[trim : trim + 224, trim : trim + 224]
    flakes = np.clip(np.where(flakes < threshold, 0, flakes), 0, 1).astype(np.float32)
    flakes = np.rint(smeared(np.floor(flakes * 255), radius, sigma, chance.uniform(-135, -45))) / 255
    photo = image / 255
    white = np.maximum(photo, (photo @ [0.299, 0.587, 0.114] * 1.5 + 0.5)[..., None])
    mixed = left * photo + (1 - left) * white + (flakes + np.rot90(flakes, 2))[..., None]
    return np.floor(np.clip(mixed, 0, 1) * 255)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_snow_falls_as_thick_as_published(strength: int) -> None:
    grey = np.full((224, 224, 3), 64, np.uint8)
    found = [corrupt("snow", grey, strength, key=bytes([key])) for key in range(10)]
    expected = [slow_snow(grey, strength, np.random.default_rng(key)) for key in range(10)]
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.02)
    assert np.std(found) == pytest.approx(np.std(expected), rel=0.06)


def slow_plasma(side: int, decay: float, chance: np.random.Generator) -> NDArray[np.float64]:
    """The published recursion in double precision, on the same draws."""
    heights, step, wobble = np.zeros((side, side)), side, 100.0

    def noise(shape: tuple[int, ...]) -> NDArray[np.float64]:
        return wobble * (2 * chance.random(shape, np.float32).astype(float) - 1) * wobble

    while step >= 2:
        half = step // 2
        corner = heights[::step, ::step]
        square = corner + np.roll(corner, -1, 0)
        square = square + np.roll(square, -1, 1)
        heights[half::step, half::step] = square / 4 + noise(square.shape)
        middle, corner = heights[half::step, half::step], heights[::step, ::step]
        up = middle + np.roll(middle, 1, 0) + corner + np.roll(corner, -1, 0)
        heights[::step, half::step] = up / 4 + noise(up.shape)
        across = middle + np.roll(middle, 1, 1) + corner + np.roll(corner, -1, 1)
        heights[half::step, ::step] = across / 4 + noise(across.shape)
        step, wobble = half, wobble / decay
    heights -= heights.min()
    return heights / heights.max()


@pytest.mark.parametrize(("side", "decay"), [(2, 2.0), (64, 1.4), (256, 2.0)])
def test_fog_is_the_published_plasma(side: int, decay: float) -> None:
    first, second = (np.random.Generator(np.random.SFC64(3)) for _ in range(2))
    np.testing.assert_allclose(plasma(side, decay, first), slow_plasma(side, decay, second), atol=1e-5)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_fog_lies_over_the_photo(strength: int) -> None:
    amount = (1.5, 2.0, 2.5, 2.5, 3.0)[strength - 1]
    image = drawn()
    image[:16] = 200
    found = corrupt("fog", image, strength)
    brightest = image.max() / 255
    clear = image * brightest / (brightest + amount)
    # One channel tells the fog; the others must have the same.
    fog = found.astype(float) - clear
    assert fog.min() >= -1
    assert np.ptp(fog[found.max(axis=2) < 255], axis=-1).max() <= 1.001


@pytest.mark.parametrize("strength", STRENGTHS)
def test_brightness(strength: int) -> None:
    image = drawn()[::8, ::8]
    expected = np.empty(image.shape)
    for at in np.ndindex(image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*(image[at] / 255))
        expected[at] = colorsys.hsv_to_rgb(hue, saturation, min(value + 0.1 * strength, 1))
    assert off(corrupt("brightness", image, strength), down(expected)).max() <= 1


@pytest.mark.parametrize("strength", STRENGTHS)
def test_contrast(strength: int) -> None:
    image = drawn() / 255
    means = image.mean(axis=(0, 1))
    expected = down((image - means) * (0.4, 0.3, 0.2, 0.1, 0.05)[strength - 1] + means)
    assert off(corrupt("contrast", drawn(), strength), expected).max() <= 1


@pytest.mark.parametrize("strength", STRENGTHS)
def test_pixelate(strength: int) -> None:
    side = int(224 * (0.6, 0.5, 0.4, 0.3, 0.25)[strength - 1])
    small = Image.fromarray(drawn()).resize((side, side), Image.Resampling.BOX)
    expected = np.asarray(small.resize((224, 224), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(corrupt("pixelate", drawn(), strength), expected)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_jpeg_compression(strength: int) -> None:
    buffer = io.BytesIO()
    Image.fromarray(drawn()).save(buffer, "JPEG", quality=(25, 18, 15, 10, 7)[strength - 1])
    wrong = off(corrupt("jpeg_compression", drawn(), strength), np.asarray(Image.open(buffer)))
    assert wrong.mean() < 0.05


@pytest.mark.parametrize("strength", [3, 4, 5])
def test_elastic_transform_moves_points_as_far_as_published(strength: int) -> None:
    """On a ramp, the value found is the place it came from: uniform noise under a Gaussian has spread a/(√3·2√π·σ)."""
    amount, sigma = (244 * 0.05, 244 * 0.07, 244 * 0.12)[strength - 3], 244 * 0.01
    ramp = np.tile(np.arange(224, dtype=np.uint8)[None, :, None], (224, 1, 3))
    rows, columns = np.mgrid[30:194, 30:194]
    plane = np.stack([rows.ravel(), columns.ravel(), np.ones(rows.size)], axis=1)
    moved = []
    for key in range(8):
        found = corrupt("elastic_transform", ramp, strength, key=bytes([key]))[30:194, 30:194, 0].ravel().astype(float)
        # The affine part is a plane.
        left = found - plane @ np.linalg.lstsq(plane, found, rcond=None)[0]
        moved.append(left.var())
    # Values are rounded twice, which adds 1/12 to the variance each time.
    expected = amount / (math.sqrt(3) * 2 * math.sqrt(math.pi) * sigma)
    assert math.sqrt(np.mean(moved) - 2 / 12) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("strength", [1, 2])
def test_the_wide_elastic_noise_has_the_published_spread(strength: int) -> None:
    """Drawn for blocks here, for every pixel there: the displacements spread alike over the photos."""
    amount, sigma = 244 * 2, (244 * 0.7, 244 * 0.08)[strength - 1]
    chance = np.random.default_rng(0)
    found = [elastic._smooth_noise((224, 224), sigma, chance) * amount for _ in range(200)]
    expected = [
        ndimage.gaussian_filter(chance.uniform(-1, 1, (224, 224)), sigma, mode="reflect", truncate=3) * amount
        for _ in range(40 if strength == 1 else 60)
    ]
    assert np.std(found) == pytest.approx(np.std(expected), rel=0.25)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_frost_mixes_as_published(strength: int) -> None:
    """Twice the photo, twice its share: what is left after it is the frost, the same on another photo."""
    photo, ice = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))[strength - 1]
    dark, light = (np.full((224, 224, 3), value, np.uint8) for value in (0, 20))
    first, second = (corrupt("frost", each, strength, key=b"one").astype(float) for each in (dark, light))
    unclipped = second < 255
    np.testing.assert_allclose((second - first)[unclipped], 20 * photo, atol=1.001)
    assert 60 * ice < first.mean() < 225 * ice
