from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.grouping.changed_photos import CHANGES, photo, sketches_of

from foveal.errors import FovealError
from foveal.features.fingerprint import content_key
from foveal.grouping.components import components
from foveal.grouping.near_duplicates import Pairs, near_duplicates


def _embedding(image: np.ndarray) -> np.ndarray:
    """What stands in for a network: how often each level is in each channel."""
    return np.concatenate([np.histogram(image[..., channel], 12, (0, 256))[0] for channel in range(3)]) / image.size


def _search(images: list[np.ndarray], **options: float) -> Pairs:
    keys = np.stack([np.frombuffer(content_key(each.tobytes()), np.uint8) for each in images])
    return near_duplicates(sketches_of(images), np.stack([_embedding(each) for each in images]), keys, **options)


def _listed(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


@functools.cache
def _mixed() -> tuple[np.ndarray, ...]:
    """Photos 0 to 4 are changed copies of one, 5 and 6 of another, 7 and 8 equal, the others alone."""
    ways = ("half the size", "mirrored", "a caption", "a tenth cut off")
    copies = [photo(0), *(CHANGES[way](photo(0)) for way in ways), photo(1), CHANGES["JPEG quality 30"](photo(1))]
    return (*copies, photo(2), photo(2).copy(), *(photo(seed) for seed in range(3, 12)))


def test_finds_changed_copies_and_nothing_else():
    pairs = _search(list(_mixed()))
    groups = components(pairs.first, pairs.second, len(_mixed()))
    assert groups.tolist() == [0, 0, 0, 0, 0, 5, 5, 7, 7, *range(9, 18)]
    found = dict(zip(_listed(pairs), zip(pairs.score.tolist(), pairs.mirrored.tolist(), strict=True), strict=True))
    assert found[7, 8] == (1.0, False)
    assert all(score < 1 for pair, (score, _) in found.items() if pair != (7, 8))
    assert found[0, 2][1]
    assert not found[0, 1][1]


@settings(deadline=None, max_examples=15)
@given(order=st.permutations(range(len(_mixed()))))
def test_groups_do_not_depend_on_the_order_of_photos(order):
    pairs = _search([_mixed()[each] for each in order])
    groups = components(pairs.first, pairs.second, len(order))
    found = {frozenset(order[at] for at in np.flatnonzero(groups == group)) for group in np.unique(groups)}
    assert found == {frozenset(range(5)), frozenset({5, 6}), frozenset({7, 8}), *(frozenset({n}) for n in range(9, 18))}


def test_pairs_are_in_order_and_each_there_once():
    listed = _listed(_search(list(_mixed())))
    assert listed == sorted(set(listed))
    assert all(first < second for first, second in listed)


def test_copies_in_large_numbers_make_few_pairs():
    images = [photo(0)] * 300 + [photo(1)] + [CHANGES["mirrored"](photo(0))] * 200
    pairs = _search(images)
    assert len(pairs.first) <= 3 * len(images)
    groups = components(pairs.first, pairs.second, len(images))
    assert groups.tolist() == [0] * 300 + [300] + [0] * 200
    assert set(_listed(pairs)) >= {(0, other) for other in range(1, 300)}


def test_a_near_duplicate_is_paired_with_every_copy():
    images = [photo(0), photo(0), CHANGES["half the size"](photo(0)), photo(0)]
    assert _listed(_search(images)) == [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]


def test_a_higher_bar_lets_fewer_pass():
    images = list(_mixed())
    strict, loose = (set(_listed(_search(images, least_score=least))) for least in (0.99, 0.5))
    assert strict < loose
    assert (7, 8) in strict


def test_among_renumbers():
    pairs = _search(list(_mixed()))
    some = np.array([8, 3, 17, 0, 7])
    kept = pairs.among(some)
    assert _listed(kept) == [(0, 4), (1, 3)]
    assert kept.score[0] == 1
    assert _listed(pairs.among(np.array([], np.int64))) == []


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_photos_for_a_pair(count):
    sketches = sketches_of([photo(0)])[:count]
    pairs = near_duplicates(sketches, np.ones((count, 16), np.float16), np.zeros((count, 16), np.uint8))
    assert pairs.first.shape == pairs.score.shape == (0,)


def test_arrays_of_different_photos_are_refused():
    with pytest.raises(FovealError, match="got 1, 2 and 1") as caught:
        near_duplicates(sketches_of([photo(0)]), np.ones((2, 16), np.float16), np.zeros((1, 16), np.uint8))
    assert caught.value.code == "bad-value"


def test_tiny_pictures_must_be_alike_in_more_than_their_few_details(monkeypatch):
    rng = np.random.default_rng(0)
    stroke = np.where(np.abs(np.arange(8) - 3.5) < 1.5, 220, 10) * np.ones((8, 1))
    dots = [np.clip(stroke + rng.normal(0, 8, (8, 8)), 0, 255).astype(np.uint8) for _ in range(12)]
    # the same dots once more, in a file of its own
    drawn = [np.repeat(np.kron(each, np.ones((8, 8), np.uint8))[..., None], 3, axis=2) for each in [*dots, dots[0]]]
    drawn[-1] = drawn[-1] + np.uint8(1)
    assert _listed(_search(drawn)) == [(0, 12)]
    monkeypatch.setattr("foveal.grouping.near_duplicates._LEAST_OF_TINY", ((0, 1), (0.0, 0.0)))
    assert len(_search(drawn).first) > 1
