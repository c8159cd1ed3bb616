import numpy as np
import pytest
from problems import blobs, problem_of

from foveal.probes.class_gains import class_gains
from foveal.probes.refit import Refit


def gains_of(features, labels, more):
    problem, _ = problem_of(features, labels)
    refit = Refit.of(problem, 0.3)
    return class_gains(refit, refit.learn(np.arange(len(labels))), np.asarray(more))


@pytest.fixture(scope="module")
def mixed():
    """Two classes that are mixed up, the first of them rare, and one that is clear."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [60, 200, 100]).astype(np.int32)
    features = rng.normal(size=(360, 40))
    features[labels == 1, 0] += 2
    features[labels == 2, 1] += 12
    order = rng.permutation(360)
    return np.abs(features[order] + 4).astype(np.float16), labels[order]


def test_a_rare_class_that_is_mixed_up_gains_and_a_clear_one_is_saturated(mixed):
    found = gains_of(*mixed, [60, 200, 100])
    assert found.tried.all()
    assert found.gain[0, 0] == found.gain[:, 0].max() > 0.03
    assert found.gain[2, 0] < 0.02
    assert found.recall[2] > 0.97


def test_gains_lie_in_their_intervals_and_leave_recall_below_one(mixed):
    found = gains_of(*mixed, [20, 50, 30])
    for each in (found.gain, found.net):
        assert (each[:, 1] <= each[:, 0]).all()
        assert (each[:, 0] <= each[:, 2]).all()
        assert (each >= 0).all()
        assert (found.recall + each[:, 2] <= 1 + 1e-9).all()


def test_part_of_the_gain_is_only_being_guessed_more_often(mixed):
    found = gains_of(*mixed, [60, 200, 100])
    assert found.net[0, 0] < found.gain[0, 0]


def test_no_more_photos_bring_nothing_and_more_bring_more(mixed):
    none, few, many = (gains_of(*mixed, [count] * 3).gain[0, 0] for count in (0, 20, 100))
    assert none == 0
    assert few < many


def test_with_many_classes_the_weakest_are_tried_and_the_others_judged_by_them():
    found = gains_of(*blobs(600, 40, 15, spread=3.0), [10] * 15)
    assert found.tried.sum() == 12
    assert (found.gain[~found.tried, 0] > 0).all()
    assert found.recall[~found.tried].min() >= found.recall[found.tried].max() - 1e-9


def test_nothing_is_said_where_it_would_take_too_long(mixed, monkeypatch):
    monkeypatch.setattr("foveal.probes.class_gains._BUDGET", 1e3)
    assert gains_of(*mixed, [10, 10, 10]) is None


def test_classes_too_small_to_halve_are_not_tried():
    labels = np.array([0] * 40 + [1] * 40 + [2] * 3, np.int32)
    features = blobs(83, 20, 3)[0]
    assert gains_of(features, labels, [10, 10, 10]).tried.tolist() == [True, True, False]
