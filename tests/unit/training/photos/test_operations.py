"""Every operation against Pillow, whose operations the papers used, or against its definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageEnhance, ImageOps

from foveal.training.photos import operations

Image = NDArray[np.uint8]


def _photo(height: int = 40, width: int = 56) -> Image:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 9), np.cos(y / 7), np.sin((x + y) / 11)], axis=2) * 70 + 120
    return np.clip(waves + rng.normal(0, 12, waves.shape), 20, 230).astype(np.uint8)


def _farthest(got: Image, expected: Image) -> int:
    assert got.shape == expected.shape
    assert got.dtype == np.uint8
    return int(np.abs(got.astype(int) - expected.astype(int)).max())


@pytest.mark.parametrize("change", [-0.9, -0.3, 0.0, 0.3, 0.9])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (operations.brightness, ImageEnhance.Brightness),
        (operations.contrast, ImageEnhance.Contrast),
        (operations.colour, ImageEnhance.Color),
        (operations.sharpness, ImageEnhance.Sharpness),
    ],
)
def test_enhancements_are_those_of_pillow(ours: Callable[[Image, float], Image], theirs: type, change: float) -> None:
    photo = _photo()
    expected = np.asarray(theirs(Pillow.fromarray(photo)).enhance(1 + change))
    assert _farthest(ours(photo, change), expected) <= 2


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_is_that_of_pillow(bits: int) -> None:
    photo = _photo()
    expected = np.asarray(ImageOps.posterize(Pillow.fromarray(photo), bits))
    assert _farthest(operations.posterize(photo, bits), expected) == 0


@pytest.mark.parametrize("threshold", [0, 60, 127, 200, 255])
def test_solarize_is_that_of_pillow(threshold: int) -> None:
    photo = _photo()
    expected = np.asarray(ImageOps.solarize(Pillow.fromarray(photo), threshold))
    assert _farthest(operations.solarize(photo, threshold), expected) == 0


def test_autocontrast_is_that_of_pillow() -> None:
    photo = _photo()
    expected = np.asarray(ImageOps.autocontrast(Pillow.fromarray(photo)))
    assert _farthest(operations.autocontrast(photo, 0), expected) <= 1


def test_equalize_is_that_of_pillow() -> None:
    photo = _photo()
    expected = np.asarray(ImageOps.equalize(Pillow.fromarray(photo)))
    assert _farthest(operations.equalize(photo, 0), expected) == 0


@pytest.mark.parametrize("operation", [operations.autocontrast, operations.equalize])
def test_a_plain_picture_stays_plain(operation: Callable[[Image, float], Image]) -> None:
    plain = np.full((8, 8, 3), 77, np.uint8)
    assert _farthest(operation(plain, 0), plain) == 0


def _by_pillow(photo: Image, backward: tuple[float, ...]) -> Image:
    turned = Pillow.fromarray(photo).transform(
        (photo.shape[1], photo.shape[0]),
        Pillow.Transform.AFFINE,
        backward,
        resample=Pillow.Resampling.BILINEAR,
        fillcolor=(128, 128, 128),
    )
    return np.asarray(turned)


def _smooth() -> Image:
    y, x = np.mgrid[0:60, 0:80]
    return np.stack([128 + 60 * np.sin(x / 13), 128 + 60 * np.cos(y / 11), 128 + 40 * np.sin((x - y) / 17)], 2).astype(
        np.uint8
    )


@pytest.mark.parametrize("slope", [-0.3, 0.1, 0.3])
def test_shears_are_those_of_pillow(slope: float) -> None:
    photo = _smooth()
    for got, expected in (
        (operations.shear_x(photo, slope), _by_pillow(photo, (1, -slope, 0, 0, 1, 0))),
        (operations.shear_y(photo, slope), _by_pillow(photo, (1, 0, 0, -slope, 1, 0))),
    ):
        # Pillow counts from the corners of pixels and OpenCV from their middles: half a pixel at the most.
        assert np.abs(got.astype(int) - expected.astype(int)).mean() < 2.5


@pytest.mark.parametrize("degrees", [-30.0, 10.0, 90.0])
def test_rotation_turns_clockwise_about_the_centre(degrees: float) -> None:
    photo = _smooth()
    turned = Pillow.fromarray(photo).rotate(-degrees, resample=Pillow.Resampling.BILINEAR, fillcolor=(128, 128, 128))
    assert np.abs(operations.rotate(photo, degrees).astype(int) - np.asarray(turned).astype(int)).mean() < 1.5


def test_translation_moves_whole_pixels_over_grey() -> None:
    photo = _photo()
    right = operations.translate_x(photo, 7.2)
    assert (right[:, 7:] == photo[:, :-7]).all()
    assert (right[:, :7] == 128).all()
    up = operations.translate_y(photo, -5)
    assert (up[:-5] == photo[5:]).all()
    assert (up[-5:] == 128).all()
    assert (operations.translate_x(photo, 900) == 128).all()


def test_nothing_writes_into_the_photo() -> None:
    photo = _photo()
    photo.setflags(write=False)
    names = "shear_x shear_y translate_x translate_y rotate brightness contrast colour sharpness solarize identity"
    for name in (*names.split(), "autocontrast", "equalize"):
        changed = getattr(operations, name)(photo, 0.5)
        assert changed.shape == photo.shape
        assert changed is photo or not np.shares_memory(changed, photo)


def test_the_meaning_is_that_of_torchvision() -> None:
    torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
    functional = pytest.importorskip(
        "torchvision.transforms.v2.functional", reason="the extra `train` is not installed"
    )
    photo = _photo()
    tensor = torch.from_numpy(photo).permute(2, 0, 1)
    for got, expected in (
        (operations.brightness(photo, 0.4), functional.adjust_brightness(tensor, 1.4)),
        (operations.colour(photo, -0.4), functional.adjust_saturation(tensor, 0.6)),
        (operations.contrast(photo, 0.4), functional.adjust_contrast(tensor, 1.4)),
        (operations.sharpness(photo, 0.9), functional.adjust_sharpness(tensor, 1.9)),
        (operations.posterize(photo, 3), functional.posterize(tensor, 3)),
        (operations.solarize(photo, 100), functional.solarize(tensor, 100)),
        (operations.autocontrast(photo, 0), functional.autocontrast(tensor)),
        (operations.equalize(photo, 0), functional.equalize(tensor)),
    ):
        assert _farthest(got, expected.permute(1, 2, 0).numpy()) <= 2
