import numpy as np
import pytest
from problems import blobs, problem_of

from foveal.probes import logistic
from foveal.probes.refit import Refit


@pytest.fixture
def problem():
    return problem_of(*blobs(240, 30, 3))[0]


def test_learning_from_all_photos_is_the_probe_itself(problem):
    refit = Refit.of(problem, 0.3)
    found = refit.learn(np.arange(240)).out_of_fold(refit.problem)
    usual = next(logistic.fit_path(problem, (0.3,))).out_of_fold(problem)
    assert np.abs(found - usual).max() < 0.05 * np.abs(usual).max()


def test_only_the_leading_axes_stay_and_the_penalty_is_what_it_was(problem, monkeypatch):
    monkeypatch.setattr("foveal.probes.refit._AXES", 5)
    refit = Refit.of(problem, 0.3)
    assert refit.problem.coordinates.shape == (240, 5)
    assert (refit.problem.coordinates == problem.coordinates[:, :5]).all()
    assert refit.strength * refit.problem.variances.sum() == pytest.approx(0.3 * problem.variances.sum())


def test_photos_left_out_are_judged_but_not_learnt_from(problem):
    refit = Refit.of(problem, 0.3)
    without = np.flatnonzero(problem.labels != 2)
    right = refit.right(refit.learn(without))
    assert right.shape == (240,)
    assert not right[problem.labels == 2].any()
    assert right[problem.labels != 2].mean() > 0.8


def test_starting_from_a_fit_of_nearly_the_same_photos_ends_in_the_same_place(problem):
    refit = Refit.of(problem, 0.3)
    whole = refit.learn(np.arange(240))
    some = np.arange(20, 240)
    warm = refit.learn(some, whole).out_of_fold(refit.problem)
    cold = refit.learn(some).out_of_fold(refit.problem)
    assert np.abs(warm - cold).max() < 0.05 * np.abs(cold).max()


def test_class_means_stand_in_where_the_probe_would_take_too_long(problem, monkeypatch):
    monkeypatch.setattr("foveal.probes.refit._AFFORDABLE", 10)
    refit = Refit.of(problem, 0.3)
    fitted = refit.learn(np.arange(0, 240, 2))
    assert not refit.exact
    assert fitted.probe == "means"
    assert refit.right(fitted).mean() > 0.8


def test_photos_of_one_fold_alone_teach_nothing_about_it(problem):
    refit = Refit.of(problem, 0.3)
    assert not refit.can_learn(np.flatnonzero(problem.folds == 1))
    assert refit.can_learn(np.arange(240))
