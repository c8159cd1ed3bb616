from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.imaging.preprocess import Preprocess
from foveal.imaging.resize import resize
from foveal.training.photos.augment import GREY, Augment, _random_window


def _photo(height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


PLAIN = Augment(crop=None, flip=False)


def test_the_whole_photo_is_framed_as_where_it_is_evaluated() -> None:
    photo = _photo()
    evaluated = Preprocess(size_wh=(48, 32), mode="balance", mean=(0, 0, 0), std=(1, 1, 1)).apply(photo)
    assert (PLAIN.apply(photo, (48, 32), _rng()) == evaluated).all()


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    size_wh=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 1000),
)
def test_any_photo_comes_at_the_size_wanted(height: int, width: int, size_wh: tuple[int, int], seed: int) -> None:
    photo = _photo(height, width)
    before = photo.copy()
    augment = Augment(policy="trivial", erasing=0.5, cutout=4)
    varied = augment.apply(photo, size_wh, _rng(seed))
    assert varied.shape == (size_wh[1], size_wh[0], 3)
    assert varied.dtype == np.uint8
    assert varied.flags.c_contiguous
    assert not np.shares_memory(varied, photo)
    assert (photo == before).all()


def test_the_same_numbers_make_the_same_picture() -> None:
    augment = Augment(policy="rand", erasing=0.5)
    photo = _photo()
    first = [augment.apply(photo, (32, 32), _rng(seed)).tobytes() for seed in range(20)]
    again = [augment.apply(photo, (32, 32), _rng(seed)).tobytes() for seed in range(20)]
    assert first == again
    assert len(set(first)) == 20


def test_windows_have_the_area_and_aspect_asked_for() -> None:
    photo = np.zeros((300, 400, 3), np.uint8)
    shares, aspects = [], []
    for seed in range(400):
        window = _random_window(photo, (10, 10), (0.1, 0.6), _rng(seed))
        shares.append(window.shape[0] * window.shape[1] / (300 * 400))
        aspects.append(window.shape[1] / window.shape[0])
    assert 0.095 < min(shares) < 0.13
    assert 0.5 < max(shares) < 0.61
    assert 0.74 < min(aspects) < 0.79
    assert 1.27 < max(aspects) < 1.35
    assert abs(float(np.mean(shares)) - 0.35) < 0.02
    assert abs(float(np.mean(np.log(aspects)))) < 0.03


def test_windows_lie_anywhere() -> None:
    photo = np.arange(100, dtype=np.uint8)[None, :, None].repeat(100, 0).repeat(3, 2)
    starts = {int(_random_window(photo, (8, 8), (0.2, 0.3), _rng(seed))[0, 0, 0]) for seed in range(300)}
    assert min(starts) <= 2
    assert max(starts) > 40


def test_the_aspect_is_that_of_the_input() -> None:
    photo = np.zeros((600, 600, 3), np.uint8)
    windows = [_random_window(photo, (20, 10), (0.2, 0.2), _rng(seed)).shape for seed in range(200)]
    assert abs(float(np.mean([math.log(each[1] / each[0]) for each in windows])) - math.log(2)) < 0.05


@pytest.mark.parametrize("shape", [(10, 900), (900, 10)])
def test_a_strip_gives_its_middle(shape: tuple[int, int]) -> None:
    window = _random_window(np.zeros((*shape, 3), np.uint8), (8, 8), (1.0, 1.0), _rng())
    assert max(window.shape[:2]) <= 14
    assert min(window.shape[:2]) == 10


def test_a_full_crop_of_a_square_is_the_photo_resized() -> None:
    photo = _photo(64, 64)
    found = [
        (Augment(crop=(1.0, 1.0), flip=False).apply(photo, (32, 32), _rng(seed)) == resize(photo, (32, 32))).all()
        for seed in range(5)
    ]
    assert any(found)


def test_half_the_photos_are_mirrored() -> None:
    photo = _photo()
    plain = PLAIN.apply(photo, (24, 24), _rng())
    flipped = 0
    for seed in range(200):
        varied = Augment(crop=None).apply(photo, (24, 24), _rng(seed))
        assert (varied == plain).all() or (varied == plain[:, ::-1]).all()
        flipped += bool((varied != plain).any())
    assert 70 < flipped < 130


@pytest.mark.parametrize("mirrored", [True, False])
def test_mirroring_can_be_decided_elsewhere(mirrored: bool) -> None:
    photo = _photo()
    plain = PLAIN.apply(photo, (24, 24), _rng())
    for seed in range(5):
        varied = Augment(crop=None).apply(photo, (24, 24), _rng(seed), mirrored=mirrored)
        assert (varied == (plain[:, ::-1] if mirrored else plain)).all()


def test_pad_and_crop_takes_windows_of_the_mirrored_edge() -> None:
    photo = _photo(12, 12)
    padded = np.pad(photo, ((3, 3), (3, 3), (0, 0)), mode="reflect")
    windows = {padded[y : y + 12, x : x + 12].tobytes(): (y, x) for y in range(7) for x in range(7)}
    augment = Augment(crop=None, flip=False, pad_crop=3)
    met = {windows[augment.apply(photo, (12, 12), _rng(seed)).tobytes()] for seed in range(400)}
    assert len(met) == 49


def test_erasing_turns_a_rectangle_to_noise_as_often_as_asked() -> None:
    photo = np.full((40, 40, 3), 90, np.uint8)
    changed = [
        (Augment(crop=None, erasing=0.25).apply(photo, (40, 40), _rng(seed)) != 90).any(2) for seed in range(400)
    ]
    erased = [each for each in changed if each.any()]
    assert 70 < len(erased) < 130
    shares = []
    for each in erased:
        rows, columns = np.flatnonzero(each.any(1)), np.flatnonzero(each.any(0))
        box = each[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert box.mean() > 0.97
        shares.append(box.size / each.size)
    assert min(shares) > 0.01
    assert max(shares) < 0.36


def test_cutout_is_a_grey_square_that_may_hang_over() -> None:
    photo = np.full((32, 32, 3), 5, np.uint8)
    sizes = set()
    for seed in range(200):
        cut = (Augment(crop=None, cutout=8).apply(photo, (32, 32), _rng(seed)) == GREY).all(2)
        assert cut.any()
        rows, columns = int(cut.any(1).sum()), int(cut.any(0).sum())
        assert cut.sum() == rows * columns
        sizes |= {rows, columns}
    assert sizes == {4, 5, 6, 7, 8}


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"crop": (0.5, 0.2)}, "bad-option"),
        ({"crop": (0.0, 1.0)}, "bad-option"),
        ({"crop": (0.5, 1.5)}, "bad-option"),
        ({"policy": "triviall"}, "unknown-name"),
        ({"magnitude": 31}, "bad-option"),
        ({"erasing": 1.5}, "bad-option"),
        ({"pad_crop": -1}, "bad-option"),
        ({"cutout": -1}, "bad-option"),
    ],
)
def test_nonsense_is_refused(given_: dict[str, object], code: str) -> None:
    with pytest.raises(FovealError) as caught:
        Augment(**given_)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize("policy", ["trivial", "rand"])
def test_policies_follow_a_pad_and_crop(policy: str) -> None:
    augment = Augment(crop=None, pad_crop=4, policy=policy, cutout=8)
    photo = _photo(32, 32)
    for seed in range(100):
        assert augment.apply(photo, (32, 32), _rng(seed)).shape == (32, 32, 3)
