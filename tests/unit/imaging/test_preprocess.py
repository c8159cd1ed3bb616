from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.imaging.samples import noise_rgb

from foveal.errors import FovealError
from foveal.imaging.preprocess import MODES, Preprocess

HALF = (0.5, 0.5, 0.5)
PLAIN = Preprocess(size_wh=(224, 224), mean=HALF, std=HALF)
SIDES = st.integers(1, 200)


@settings(deadline=None)
@given(
    height=SIDES,
    width=SIDES,
    size_wh=st.tuples(st.integers(1, 64), st.integers(1, 64)),
    mode=st.sampled_from(MODES),
    share=st.floats(0.1, 1),
)
def test_every_mode_gives_the_size_and_the_same_pixels_each_time(height, width, size_wh, mode, share):
    image_rgb = noise_rgb(height, width)
    before = image_rgb.copy()
    preprocess = Preprocess(size_wh=size_wh, mode=mode, crop_share=share, mean=HALF, std=HALF)
    first, second = preprocess.apply(image_rgb), preprocess.apply(image_rgb.copy())
    assert first.shape == (size_wh[1], size_wh[0], 3)
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    assert not np.shares_memory(first, image_rgb)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(image_rgb, before)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1)])
def test_odd_shapes(mode, shape):
    applied = replace(PLAIN, mode=mode).apply(np.full((*shape, 3), 128, np.uint8))
    assert applied.shape == (224, 224, 3)
    assert (applied == 128).all()


@given(height=st.integers(20, 300), width=st.integers(20, 300))
def test_pad_keeps_the_aspect_on_its_ground(height, width):
    applied = replace(PLAIN, size_wh=(60, 60), mode="pad", pad_value=0).apply(
        np.full((height, width, 3), 255, np.uint8)
    )
    inside = applied[:, :, 0] == 255
    rows, columns = int(inside.any(axis=1).sum()), int(inside.any(axis=0).sum())
    assert max(rows, columns) == 60
    assert abs(rows - 60 * height / max(height, width)) <= 1
    assert abs(columns - 60 * width / max(height, width)) <= 1
    assert set(np.unique(applied)) <= {0, 255}
    top = int(inside.any(axis=1).argmax())
    assert abs(top - (60 - rows) / 2) <= 0.5


def _shown_columns(mode: str, share: float = 1.0) -> tuple[int, int]:
    """First and last column of a 100×300 photo that reach the input, read from its colours."""
    columns = np.broadcast_to(np.arange(300)[None, :], (100, 300))
    image_rgb = np.stack([columns // 2, columns // 2, columns // 2], axis=2).astype(np.uint8)
    applied = Preprocess(size_wh=(100, 100), mode=mode, crop_share=share, mean=HALF, std=HALF).apply(image_rgb)
    return int(applied[50, 0, 0]) * 2, int(applied[50, -1, 0]) * 2


def test_the_modes_show_what_they_say():
    assert _shown_columns("stretch") == pytest.approx((0, 300), abs=6)
    assert _shown_columns("crop") == pytest.approx((100, 200), abs=4)
    assert _shown_columns("crop", 0.5) == pytest.approx((125, 175), abs=4)
    # √(100·300) = 173 columns around the middle
    assert _shown_columns("balance") == pytest.approx((63, 237), abs=5)


def test_a_photo_of_the_targets_size_is_left_alone():
    image_rgb = noise_rgb(224, 224)
    for mode in MODES:
        np.testing.assert_array_equal(replace(PLAIN, mode=mode).apply(image_rgb), image_rgb)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 5, 3), np.float32),
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(array):
    with pytest.raises(FovealError, match=r"expected uint8 \[h, w, 3\]") as caught:
        PLAIN.apply(array)
    assert caught.value.code == "bad-image-array"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size_wh", (224,)),
        ("size_wh", [224, 224]),
        ("size_wh", (0, 224)),
        ("size_wh", (224.0, 224)),
        ("size_wh", (10_000, 10)),
        ("mode", "squash"),
        ("mode", None),
        ("crop_share", 0.0),
        ("crop_share", 1.5),
        ("crop_share", float("nan")),
        ("crop_share", True),
        ("mean", (0.5, 0.5)),
        ("mean", (0.5, 0.5, float("inf"))),
        ("std", (0.5, 0.5, 0.0)),
        ("std", (0.5, 0.5, "1")),
        ("pad_value", 256),
        ("pad_value", 1.5),
        ("pad_value", -1),
    ],
)
def test_values_are_checked_at_birth(field, value):
    with pytest.raises(FovealError) as caught:
        replace(PLAIN, **{field: value})
    assert caught.value.code == "bad-preprocess"
    assert caught.value.message.startswith(f"expected {field} as") or field in caught.value.message
    assert repr(value) in caught.value.message


@given(
    size_wh=st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    mode=st.sampled_from(MODES),
    share=st.floats(0.01, 1),
    mean=st.tuples(*[st.floats(0, 1)] * 3),
    std=st.tuples(*[st.floats(0.01, 1)] * 3),
    pad_value=st.integers(0, 255),
)
def test_json_there_and_back(size_wh, mode, share, mean, std, pad_value):
    preprocess = Preprocess(size_wh=size_wh, mode=mode, crop_share=share, mean=mean, std=std, pad_value=pad_value)
    assert Preprocess.from_dict(json.loads(json.dumps(preprocess.to_dict()))) == preprocess


def test_numpy_numbers_become_json():
    preprocess = Preprocess(
        size_wh=(np.int64(8), np.int32(8)), mean=tuple(np.float32([0.5, 0.5, 0.5])), std=HALF, pad_value=np.uint8(3)
    )
    assert json.loads(json.dumps(preprocess.to_dict()))["mean"] == [0.5, 0.5, 0.5]


def test_from_dict_refuses_unknown_and_missing_keys():
    values = PLAIN.to_dict()
    with pytest.raises(FovealError, match="unknown: colour") as unknown:
        Preprocess.from_dict({**values, "colour": 1})
    with pytest.raises(FovealError, match="missing: std") as missing:
        Preprocess.from_dict({key: value for key, value in values.items() if key != "std"})
    assert unknown.value.code == missing.value.code == "bad-preprocess"


def test_it_reads_as_one_line():
    assert str(PLAIN) == "balance to 224×224, mean 0.5, std 0.5"
    crop = Preprocess(size_wh=(240, 260), mode="crop", crop_share=0.875, mean=(0.485, 0.456, 0.406), std=HALF)
    assert str(crop) == "crop of 0.875 to 240×260, mean 0.485 0.456 0.406, std 0.5"
    assert str(replace(PLAIN, mode="pad")) == "pad to 224×224 on 128, mean 0.5, std 0.5"
