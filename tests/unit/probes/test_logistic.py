from __future__ import annotations

import functools

import numpy as np
import pytest
from problems import blobs, problem_of, standardised
from sklearn.linear_model import LogisticRegression

from foveal.probes.lbfgs import minimise
from foveal.probes.logistic import STRENGTHS, _objective, fit_path
from foveal.probes.problem import Problem


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]))


def objective(x, labels, weights, bias, penalty):
    """The objective of one solution, in float64."""
    weights = weights.astype(np.float64)
    return cross_entropy(x @ weights + bias, labels) + 0.5 * penalty * float((weights**2).sum())


def scikit_learns(x, labels, penalty):
    """Weights [D, C] and bias [C] of the same objective, solved to the end."""
    classes = int(labels.max()) + 1
    # Of two classes it learns the difference only, which costs half as much split over two columns.
    strength = (2 if classes == 2 else 1) / (penalty * len(x))
    found = LogisticRegression(C=strength, tol=1e-9, max_iter=10_000).fit(x, labels)
    weights, bias = found.coef_.T, found.intercept_
    if classes == 2:
        weights, bias = np.concatenate([-weights, weights], axis=1) / 2, np.concatenate([-bias, bias]) / 2
    return weights, bias


@pytest.mark.parametrize(("photos", "columns", "classes"), [(60, 200, 3), (400, 50, 4), (120, 40, 2)])
@pytest.mark.parametrize("strength", [1.0, 0.03])
@pytest.mark.parametrize("to_the_end", [False, True])
def test_the_optimum_is_scikit_learns(monkeypatch, photos, columns, classes, strength, to_the_end):
    if to_the_end:
        patient = functools.partial(minimise, tolerance=1e-5, most_iterations=2000)
        monkeypatch.setattr("foveal.probes.logistic.minimise", patient)
    features, labels = blobs(photos, columns, classes)
    problem, axes = problem_of(features, labels, folds=3)
    z = standardised(features)
    (fitted,) = fit_path(problem, (strength,))
    penalty = strength * float(problem.variances.sum()) / photos
    for solution in range(problem.solutions):
        learns = problem.learns(solution)
        theirs = scikit_learns(z[learns], labels[learns], penalty)
        ours = axes.basis.astype(np.float64) @ fitted.weights[solution], fitted.bias[solution]
        best = objective(z[learns], labels[learns], *theirs, penalty)
        excess = objective(z[learns], labels[learns], *ours, penalty) - best
        assert excess < (1e-5 if to_the_end else 1e-3) * (np.log(classes) - best)
        found, right = (z @ weights + bias for weights, bias in (ours, theirs))
        assert np.mean(found.argmax(axis=1) == right.argmax(axis=1)) > 0.98
        if to_the_end:
            centred = found - found.mean(axis=1, keepdims=True)
            right -= right.mean(axis=1, keepdims=True)
            assert np.abs(centred - right).max() < 0.01 * np.abs(right).max()


def test_the_gradient_is_that_of_the_objective():
    features, labels = blobs(30, 8, 3)
    problem, _ = problem_of(features, labels, folds=2)
    exact = Problem(problem.coordinates.astype(np.float64), problem.variances, labels, 3, problem.folds)
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
    features, labels = blobs(500, 20, 3)
    problem, _ = problem_of(features, labels)
    point = np.random.default_rng(0).normal(size=(problem.coordinates.shape[1] + 1, 18)).astype(np.float32)
    value, gradient = _objective(problem, point, 0.1)
    monkeypatch.setattr("foveal.probes.logistic._BLOCK_LOGITS", 1)
    again, blocked = _objective(problem, point, 0.1)
    assert again == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(blocked, gradient, atol=1e-5)


def test_the_path_goes_from_strong_to_weak():
    features, labels = blobs(100, 30, 3)
    problem, _ = problem_of(features, labels)
    path = list(fit_path(problem))
    assert [each.strength for each in path] == sorted(STRENGTHS, reverse=True)
    assert {each.probe for each in path} == {"logistic"}
    sizes = [float(np.linalg.norm(each.weights)) for each in path]
    assert sizes == sorted(sizes)
    rank = problem.coordinates.shape[1]
    assert all(each.weights.shape == (6, rank, 3) and each.bias.shape == (6, 3) for each in path)
    assert all(each.weights.dtype == each.bias.dtype == np.float32 for each in path)


def test_a_start_from_a_stronger_penalty_ends_where_one_from_zero_does():
    features, labels = blobs(200, 30, 3)
    problem, _ = problem_of(features, labels)
    *_, warm = fit_path(problem)
    (cold,) = fit_path(problem, (STRENGTHS[-1],))
    first, second = warm.out_of_fold(problem), cold.out_of_fold(problem)
    assert cross_entropy(first, labels) == pytest.approx(cross_entropy(second, labels), rel=0.02)
    assert np.mean(first.argmax(axis=1) == second.argmax(axis=1)) > 0.98
