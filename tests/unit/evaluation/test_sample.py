from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.evaluation.sample import stratified


@given(st.lists(st.integers(0, 5), min_size=1, max_size=120), st.integers(1, 140), st.integers(0, 3))
def test_shares_are_kept_to_within_a_photo(labels: list[int], most: int, seed: int) -> None:
    given_labels = np.array(labels, np.int32)
    rows = stratified(given_labels, most, seed=seed)
    assert len(rows) == min(most, len(labels))
    assert (np.diff(rows) > 0).all()
    for label in set(labels):
        expected = (given_labels == label).sum() * len(rows) / len(labels)
        # The places of two classes are drawn apart, so that a class can be ahead by about one photo.
        assert abs((given_labels[rows] == label).sum() - expected) < 2 + 0.1 * len(set(labels))


def test_the_same_seed_gives_the_same_photos_and_another_does_not() -> None:
    labels = np.repeat(np.arange(4, dtype=np.int32), 50)
    first = stratified(labels, 40)
    np.testing.assert_array_equal(first, stratified(labels, 40))
    assert not np.array_equal(first, stratified(labels, 40, seed=1))
    assert np.bincount(labels[first]).tolist() == [10] * 4
