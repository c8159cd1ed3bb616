from __future__ import annotations

import functools

import numpy as np
import pytest
from problems import multilabel_problem_of, several_labels, standardised
from sklearn.linear_model import LogisticRegression

from foveal.probes.lbfgs import minimise
from foveal.probes.multilabel import STRENGTHS, _objective, fit_path
from foveal.probes.problem import MultiLabelProblem


def cross_entropy(logits, targets):
    """Mean over photos, one number for each class."""
    return (np.logaddexp(0, logits) - logits * targets).mean(axis=0)


def objective(x, targets, weights, bias, penalty):
    """The objective of one solution, summed over classes, in float64."""
    weights = weights.astype(np.float64)
    return cross_entropy(x @ weights + bias, targets).sum() + 0.5 * penalty * float((weights**2).sum())


def scikit_learns(x, targets, penalty):
    """Weights [D, C] and bias [C] of the same objective, solved to the end, class by class."""
    strength = 1 / (penalty * len(x))
    found = [LogisticRegression(C=strength, tol=1e-9, max_iter=10_000).fit(x, each) for each in targets.T]
    return np.stack([each.coef_[0] for each in found], axis=1), np.array([each.intercept_[0] for each in found])


@pytest.mark.parametrize(("photos", "columns", "classes"), [(80, 200, 3), (400, 50, 4), (120, 40, 1)])
@pytest.mark.parametrize("strength", [1.0, 0.03])
@pytest.mark.parametrize("to_the_end", [False, True])
def test_the_optimum_is_scikit_learns(monkeypatch, photos, columns, classes, strength, to_the_end):
    if to_the_end:
        patient = functools.partial(minimise, tolerance=1e-5, most_iterations=2000)
        monkeypatch.setattr("foveal.probes.multilabel.minimise", patient)
    features, targets = several_labels(photos, columns, classes)
    problem, axes = multilabel_problem_of(features, targets, folds=3)
    z = standardised(features)
    (fitted,) = fit_path(problem, (strength,))
    penalty = strength * float(problem.variances.sum()) / photos
    for solution in range(problem.solutions):
        learns = problem.learns(solution)
        theirs = scikit_learns(z[learns], targets[learns], penalty)
        ours = axes.basis.astype(np.float64) @ fitted.weights[solution], fitted.bias[solution]
        best = objective(z[learns], targets[learns], *theirs, penalty)
        nothing_learnt = cross_entropy(np.zeros((int(learns.sum()), classes)), targets[learns]).sum()
        excess = objective(z[learns], targets[learns], *ours, penalty) - best
        assert excess < (1e-5 if to_the_end else 1e-3) * (nothing_learnt - best)
        found, right = (z @ weights + bias for weights, bias in (ours, theirs))
        assert np.mean((found > 0) == (right > 0)) > 0.98
        if to_the_end:
            assert np.abs(found - right).max() < 0.01 * np.abs(right).max()


def test_the_gradient_is_that_of_the_objective():
    features, targets = several_labels(40, 8, 3)
    problem, _ = multilabel_problem_of(features, targets, folds=2)
    exact = MultiLabelProblem(problem.coordinates.astype(np.float64), problem.variances, targets, problem.folds)
    rng = np.random.default_rng(0)
    point = 0.3 * rng.normal(size=(problem.coordinates.shape[1] + 1, 9))
    value, gradient = _objective(exact, point, 0.1)
    assert gradient.shape == point.shape
    step = 1e-3
    for row, column in zip(rng.integers(0, len(point), 40), rng.integers(0, 9, 40), strict=True):
        there = np.zeros_like(point)
        there[row, column] = step
        slope = (_objective(exact, point + there, 0.1)[0] - _objective(exact, point - there, 0.1)[0]) / (2 * step)
        assert slope == pytest.approx(gradient[row, column], abs=2e-5)
    single, _ = _objective(problem, point.astype(np.float32), np.float32(0.1))
    assert single == pytest.approx(value, rel=1e-5)


def test_blocks_of_photos_change_nothing(monkeypatch):
    features, targets = several_labels(500, 20, 3)
    problem, _ = multilabel_problem_of(features, targets)
    point = np.random.default_rng(0).normal(size=(problem.coordinates.shape[1] + 1, 18)).astype(np.float32)
    value, gradient = _objective(problem, point, 0.1)
    monkeypatch.setattr("foveal.probes.multilabel._BLOCK_LOGITS", 1)
    again, blocked = _objective(problem, point, 0.1)
    assert again == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(blocked, gradient, atol=1e-5)


def test_logits_of_any_size_do_not_overflow():
    features, targets = several_labels(40, 8, 2)
    problem, _ = multilabel_problem_of(features, targets, folds=2)
    value, gradient = _objective(problem, np.full((problem.coordinates.shape[1] + 1, 6), 1e4, np.float32), 0.0)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_classes_do_not_disturb_each_other():
    features, targets = several_labels(200, 30, 4)
    problem, _ = multilabel_problem_of(features, targets)
    alone = MultiLabelProblem(problem.coordinates, problem.variances, targets[:, :1], problem.folds)
    (together,), (single,) = fit_path(problem, (0.3,)), fit_path(alone, (0.3,))
    first, second = together.out_of_fold(problem)[:, 0], single.out_of_fold(alone)[:, 0]
    assert np.abs(first - second).max() < 0.05 * np.abs(second).max()


def test_the_path_goes_from_strong_to_weak():
    features, targets = several_labels(100, 30, 3)
    problem, _ = multilabel_problem_of(features, targets)
    path = list(fit_path(problem))
    assert [each.strength for each in path] == sorted(STRENGTHS, reverse=True)
    sizes = [float(np.linalg.norm(each.weights)) for each in path]
    assert sizes == sorted(sizes)
    rank = problem.coordinates.shape[1]
    assert all(each.weights.shape == (6, rank, 3) and each.bias.shape == (6, 3) for each in path)
    assert all(each.weights.dtype == each.bias.dtype == np.float32 for each in path)


def test_a_class_that_a_fold_has_not_seen_stays_finite():
    features, targets = several_labels(40, 30, 2)
    targets = np.column_stack([targets, np.arange(40) == 0, np.ones(40, np.bool_)])
    problem, _ = multilabel_problem_of(features, targets)
    for fitted in fit_path(problem):
        assert np.isfinite(fitted.weights).all()
        assert np.isfinite(fitted.out_of_fold(problem)).all()
