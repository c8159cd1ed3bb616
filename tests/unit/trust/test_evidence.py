from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.trust.evidence import EvidenceIndex


def made(photos=9, columns=6, axes=3, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(photos, axes))
    files = [b"jpeg%d" % number * (number % 3) for number in range(photos)]
    return EvidenceIndex(
        centre=rng.normal(size=columns).astype(np.float32),
        axes=rng.normal(size=(columns, axes)).astype(np.float16),
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16),
        labels=(np.arange(photos) % classes).astype(np.int32),
        names=tuple(f"ünï {number}\n.jpg" for number in range(photos)),
        pictures=np.frombuffer(b"".join(files), np.uint8),
        ends=np.cumsum([len(file) for file in files], dtype=np.int64),
        usual=np.array([0.1, 0.2, 0.4, 0.8], np.float32),
        learnt_from=20,
    )


def test_it_comes_back_from_its_arrays():
    index = replace(made(), names=("lone \udcff", *made().names[1:]))
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **index.arrays())
    buffer.seek(0)
    again = EvidenceIndex.from_arrays(dict(np.load(buffer, allow_pickle=False)))
    assert again.names == index.names
    assert again.learnt_from == 20
    assert len(again) == 9
    for name, array in index.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)


def test_pictures_are_those_of_their_photos():
    assert [made().picture(index) for index in range(4)] == [b"", b"jpeg1", b"jpeg2jpeg2", b""]


@given(st.integers(0, 50), st.integers(0, 2), st.integers(1, 9))
def test_the_nearest_of_a_class_are_found_in_order(seed, label, k):
    index = made(seed=seed)
    features = np.random.default_rng(seed + 1).normal(size=(4, 6)).astype(np.float16)
    rows, distances = index.nearest(features, label, k)
    assert rows.shape == distances.shape == (4, min(k, 3))
    assert (index.labels[rows] == label).all()
    assert (np.diff(distances, axis=1) >= 0).all()
    roots = np.sign(features) * np.sqrt(np.abs(features.astype(float)))
    places = (roots - index.centre) @ index.axes.astype(float)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    expected = 1 - places @ index.vectors[index.labels == label].T.astype(float)
    np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, :k], atol=2e-3)


def test_a_photo_gets_the_same_answer_whatever_stands_beside_it():
    index = made(columns=300, axes=64)
    features = np.random.default_rng(2).normal(size=(17, 300)).astype(np.float16)
    together = index.nearest(features, 1, 3)
    for row in range(17):
        alone = index.nearest(features[row : row + 1], 1, 3)
        np.testing.assert_array_equal(alone[0][0], together[0][row])
        np.testing.assert_array_equal(alone[1][0], together[1][row])


def test_a_class_without_photos_has_no_neighbours():
    rows, distances = made().nearest(np.ones((2, 6), np.float16), 7, 5)
    assert rows.shape == distances.shape == (2, 0)


def test_closeness_is_the_share_that_is_farther():
    found = made().closeness(np.array([0.0, 0.15, 0.3, 0.9], np.float32))
    np.testing.assert_allclose(found, [1, 0.75, 0.5, 0])


@pytest.mark.parametrize(
    "change",
    [
        {"vectors": np.zeros((8, 3), np.float16)},
        {"axes": np.full((6, 3), np.nan, np.float16)},
        {"labels": np.full(9, -1, np.int32)},
        {"ends": np.arange(9)[::-1].astype(np.int64)},
        {"ends": np.arange(9).astype(np.int64)},
        {"usual": np.array([0.4, 0.1], np.float32)},
        {"usual": np.zeros(0, np.float32)},
        {"learnt_from": 3},
        {"centre": np.zeros(5, np.float32)},
    ],
)
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(FovealError, match="evidence: expected") as caught:
        replace(made(), **change)
    assert caught.value.code == "bad-value"


def test_names_that_are_no_text_are_refused():
    arrays = made().arrays() | {"names": np.array([0xFF, 0xFF], np.uint8)}
    with pytest.raises(FovealError, match="UTF-8"):
        EvidenceIndex.from_arrays(arrays)
