from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.assurance.evidence import _shares, learn_evidence, most_representative
from foveal.assurance.evidence_space import AXES, learn_space
from foveal.errors import FovealError
from foveal.trust.evidence import projected, unit


def problem(photos=240, columns=40, classes=4, seed=0):
    """Features in which a few columns tell the classes, and three loud directions run through the photos of each."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, photos).astype(np.int32)
    loud = np.random.default_rng(99).normal(size=(3, columns))
    features = 0.5 * rng.normal(size=(photos, columns)) + 1.5 * rng.normal(size=(photos, 3)) @ loud
    features[:, :classes] += 2 * np.eye(classes)[labels]
    return features.astype(np.float16), labels


def pictures(rows):
    return [b"jpeg %d" % row for row in rows.tolist()]


def learn(features, labels, classes=4, **more):
    names = [f"{row}.jpg" for row in range(len(labels))]
    return learn_evidence(features, labels, names, pictures, classes=classes, **more)


def test_every_photo_is_kept_where_there_is_room():
    features, labels = problem(50)
    index = learn(features, labels)
    assert len(index) == index.learnt_from == 50
    assert sorted(index.names) == sorted(f"{row}.jpg" for row in range(50))
    for at, name in enumerate(index.names):
        row = int(name.removesuffix(".jpg"))
        assert index.picture(at) == b"jpeg %d" % row
        assert index.labels[at] == labels[row]


def test_a_photo_learnt_from_finds_itself():
    features, labels = problem(60)
    index = learn(features, labels)
    for row in range(0, 60, 7):
        rows, distances = index.nearest(features[row : row + 1], int(labels[row]), 1)
        assert index.names[rows[0, 0]] == f"{row}.jpg"
        assert distances[0, 0] < 0.01
        assert index.closeness(distances)[0, 0] == 1


def test_near_means_of_one_class_more_than_in_the_features_themselves():
    features, labels = problem(400)
    fresh, truth = problem(200, seed=1)
    centre, axes = learn_space(features, labels, classes=4)

    def share(known, new):
        return (labels[(new @ known.T).argmax(axis=1)] == truth).mean()

    learnt = share(unit(projected(features, centre, axes)), unit(projected(fresh, centre, axes)))
    assert learnt > share(unit(features.astype(np.float32)), unit(fresh.astype(np.float32))) + 0.1
    assert axes.shape == (40, 40)


def test_the_space_has_no_more_than_its_axes_and_is_the_same_again():
    features, labels = problem(300, columns=200)
    first, second = learn_space(features, labels, classes=4), learn_space(features, labels, classes=4)
    assert first[1].shape == (200, AXES)
    assert np.isfinite(first[1]).all()
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize(("photos", "columns"), [(1200, 40), (100, 400)])
def test_new_photos_are_as_close_as_is_usual(photos, columns):
    """Also where photos are fewer than columns, so that the space fits those it was learnt from all too well."""
    features, labels = problem(photos, columns, seed=3)
    index = learn(features, labels, most=300)
    fresh, truth = problem(300, columns, seed=4)
    close = [
        float(index.closeness(index.nearest(fresh[row : row + 1], int(truth[row]), 1)[1])[0, 0])
        for row in range(len(truth))
    ]
    assert np.median(close) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("case", ["constant", "one a class", "two photos", "equal photos"])
def test_degenerate_photos_are_learnt_from_too(case):
    features, labels = problem(12)
    if case == "constant":
        features[:, 3] = 1
    elif case == "one a class":
        features, labels = features[:4], np.arange(4, dtype=np.int32)
    elif case == "two photos":
        features, labels = features[:2], np.array([1, 1], np.int32)
    else:
        features[:] = features[0]
    index = learn(features, labels)
    rows, distances = index.nearest(features[:1], int(labels[0]), 3)
    assert rows.size
    assert np.isfinite(distances).all()


def test_one_photo_is_too_few():
    features, labels = problem(1)
    with pytest.raises(FovealError, match="at least 2 photos") as caught:
        learn(features, labels)
    assert caught.value.code == "too-few-photos"


def test_large_classes_share_evenly_what_small_ones_leave():
    np.testing.assert_array_equal(_shares(np.array([100, 3, 0, 100]), 20), [9, 3, 0, 8])
    np.testing.assert_array_equal(_shares(np.array([1, 1, 1]), 2), [1, 1, 0])
    np.testing.assert_array_equal(_shares(np.array([2, 5]), 9), [2, 5])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(1, 200))
def test_shares_use_the_room_there_is(counts, most):
    shares = _shares(np.array(counts), most)
    assert shares.sum() == min(most, sum(counts))
    assert (shares <= counts).all()


@settings(max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_representatives_are_those_of_the_plain_greedy_choice(seed, count):
    vectors = unit(np.random.default_rng(seed).normal(size=(30, 5)).astype(np.float32))
    likeness = vectors @ vectors.T
    best = np.full(30, -1, np.float32)
    expected = []
    for _ in range(count):
        gains = np.maximum(likeness - best, 0).sum(axis=1)
        gains[expected] = -np.inf
        expected.append(int(gains.argmax()))
        best = np.maximum(best, likeness[expected[-1]])
    chosen = most_representative(likeness, count)
    covered = likeness[chosen].max(axis=0).sum()
    assert len(set(chosen.tolist())) == count
    assert covered == pytest.approx(best.sum(), rel=1e-3)
