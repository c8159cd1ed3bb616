"""What every corruption and camera fault must do, whatever it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging.corruptions import CAMERA_FAULTS, CORRUPTIONS
from foveal.imaging.corruptions.corrupt import corrupt, image_key, strengths
from foveal.imaging.corruptions.strengths import SETTINGS, setting_text

NAMES = [*CORRUPTIONS, *CAMERA_FAULTS]

# Of ImageNet-C as published: the first two strengths of the elastic transform move the whole photo, the others do not.
# Frost lays on one of five sheets by chance, light or dark. A crop's content depends on where it falls.
NOT_GROWING = {"elastic_transform", "frost", "crop"}


def drawn(height: int = 224, width: int = 224, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours with edges: uint8 [H, W, 3], values from dark to light."""
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    chance = np.random.default_rng(seed)
    waves = [np.sin(2 * np.pi * (a * rows + b * columns + c)) for a, b, c in chance.uniform(0, 3, (3, 3))]
    image = 110 + 60 * np.stack(waves, axis=-1)
    image[height // 4 : height // 2, width // 3 : width // 2] = (230, 40, 20)
    return np.clip(image, 0, 255).astype(np.uint8)


def test_the_tables_and_the_strengths_name_the_same() -> None:
    assert list(SETTINGS) == NAMES
    assert len(CORRUPTIONS) == 15
    assert all(strengths(name) == 5 for name in CORRUPTIONS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size_hw", [(224, 224), (240, 320), (65, 48), (16, 16)])
def test_shape_and_type_stay_and_the_input_too(name: str, size_hw: tuple[int, int]) -> None:
    image = drawn(*size_hw)
    before = image.copy()
    for strength in range(1, strengths(name) + 1):
        found = corrupt(name, image, strength)
        assert found.shape == image.shape
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
        assert not np.shares_memory(found, image)
        assert not np.array_equal(found, image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_call_gives_the_same_pixels(name: str) -> None:
    image = drawn(96, 96)
    first = corrupt(name, image, 1)
    np.testing.assert_array_equal(first, corrupt(name, image.copy(), 1))
    np.testing.assert_array_equal(first, corrupt(name, image, 1, key=image_key(image)))


@pytest.mark.parametrize("name", ["gaussian_noise", "motion_blur", "snow", "frost", "fog", "glass_blur", "crop"])
def test_another_photo_draws_anew(name: str) -> None:
    image = drawn(96, 96)
    assert not np.array_equal(corrupt(name, image, 3), corrupt(name, image, 3, key=b"another"))


@pytest.mark.parametrize("name", [name for name in NAMES if strengths(name) == 5 and name not in NOT_GROWING])
def test_the_last_strength_changes_more_than_the_first(name: str) -> None:
    changes = dict.fromkeys((1, 5), 0.0)
    for strength in changes:
        for seed in range(4):
            image = drawn(seed=seed)
            changes[strength] += np.abs(corrupt(name, image, strength).astype(int) - image).mean()
    assert changes[5] > changes[1]


@pytest.mark.parametrize("name", sorted({"frost", "crop"}))
def test_by_chance_in_single_photos_the_last_strength_still_hides_more(name: str) -> None:
    """How much of the photo is left: its share of what is seen."""

    def alike(strength: int) -> float:
        found = []
        for seed in range(12):
            image = drawn(seed=seed)
            seen = corrupt(name, image, strength)
            found.append(np.corrcoef(seen.ravel(), image.ravel())[0, 1])
        return float(np.mean(found))

    assert alike(5) < alike(1)


@pytest.mark.parametrize("name", NAMES)
def test_every_strength_has_words(name: str) -> None:
    texts = [setting_text(name, strength) for strength in range(1, strengths(name) + 1)]
    assert all(texts)
    assert len(set(texts)) == len(texts)


@given(st.sampled_from(NAMES), st.integers(16, 40), st.integers(16, 40), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_plain_photos_of_any_size_pass(name: str, height: int, width: int, value: int) -> None:
    image = np.full((height, width, 3), value, np.uint8)
    for strength in (1, strengths(name)):
        assert corrupt(name, image, strength).shape == image.shape


@pytest.mark.parametrize("strength", [0, 6, -1])
def test_other_strengths_are_refused(strength: int) -> None:
    with pytest.raises(FovealError, match="from 1 to 5") as refused:
        corrupt("fog", drawn(), strength)
    assert refused.value.code == "bad-value"


def test_other_names_are_refused_with_near_ones() -> None:
    with pytest.raises(FovealError) as refused:
        corrupt("frog", drawn(), 1)
    assert refused.value.code == "unknown-name"
    assert "fog" in refused.value.hint


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((32, 32, 3), np.float32),
        np.zeros((15, 32, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(image: NDArray[np.uint8]) -> None:
    with pytest.raises(FovealError) as refused:
        corrupt("fog", image, 1)
    assert refused.value.code == "bad-image-array"
