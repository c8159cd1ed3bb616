import numpy as np
import pytest
from problems import blobs, problem_of

from foveal.probes.learning_curve import FRACTIONS, GROWTH, learning_curve
from foveal.probes.refit import Refit


def curve_of(features, labels, *, groups=None, right=None):
    problem, _ = problem_of(features, labels)
    refit = Refit.of(problem, 0.3)
    whole = refit.learn(np.arange(len(labels)))
    right = refit.right(whole) if right is None else right
    groups = np.arange(len(labels)) if groups is None else groups
    return learning_curve(refit, whole, right, groups), right


@pytest.fixture(scope="module")
def pool():
    return blobs(2000, 40, 5, spread=4.0, seed=3)


def test_what_a_third_says_of_twice_and_four_times_as_many_comes_true(pool):
    features, labels = pool
    everything, right = curve_of(features, labels)
    some, _ = curve_of(features[:500], labels[:500])
    assert some.ahead.sizes.tolist() == [750, 1000, 2000]
    assert some.ahead.low[2] <= right.mean() <= some.ahead.high[2]
    assert everything.measured.accuracy[-1] == right.mean()
    assert everything.measured.sizes.tolist() == [round(2000 * fraction) for fraction in FRACTIONS]


def test_intervals_hold_their_figure_and_widen_with_distance(pool):
    found, _ = curve_of(*(each[:400] for each in pool))
    for curve in (found.measured, found.ahead):
        assert (curve.low <= curve.accuracy).all()
        assert (curve.accuracy <= curve.high).all()
    assert (np.diff(found.ahead.high - found.ahead.low) > 0).all()
    assert found.gain.shape == (len(GROWTH), 3)
    assert (np.diff(found.gain[:, 0]) >= 0).all()
    assert (found.gain[:, 1] <= found.gain[:, 0]).all()
    assert (found.gain[:, 0] <= found.gain[:, 2]).all()


def test_photos_that_belong_together_count_as_one(pool):
    features, labels = (np.repeat(each[:100], 4, axis=0) for each in pool)
    apart, _ = curve_of(features, labels)
    together, _ = curve_of(features, labels, groups=np.repeat(np.arange(100), 4))
    width = [found.measured.high[0] - found.measured.low[0] for found in (apart, together)]
    assert width[1] > 1.3 * width[0]


def test_the_curve_ends_at_the_accuracy_people_know(pool):
    features, labels = (each[:400] for each in pool)
    right = np.arange(400) % 10 != 0
    found, _ = curve_of(features, labels, right=right)
    assert found.measured.accuracy[-1] == 0.9


def test_no_errors_are_no_proof_that_there_are_none():
    features, labels = blobs(120, 30, 2, spread=0.1)
    found, right = curve_of(features, labels)
    assert right.all()
    assert found.measured.low[-1] < 0.99


def test_there_is_no_curve_where_hardly_anything_can_be_left_out():
    features, labels = blobs(8, 10, 2)
    assert curve_of(features, labels)[0] is None


def test_the_same_seed_gives_the_same_curve(pool):
    features, labels = (each[:300] for each in pool)
    one, other = (curve_of(features, labels)[0] for _ in range(2))
    assert (one.ahead.accuracy == other.ahead.accuracy).all()


def test_the_law_does_not_fall_below_an_end_that_lies_above_it(pool):
    features, labels = (each[:400] for each in pool)
    found, _ = curve_of(features, labels, right=np.arange(400) % 200 != 0)
    assert found.measured.accuracy[-1] == 0.995
    assert (found.ahead.accuracy >= 0.995).all()
    assert (found.ahead.accuracy <= found.ahead.high).all()
