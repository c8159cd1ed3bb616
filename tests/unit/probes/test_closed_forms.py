"""Ridge and class means, whose folds are left out by subtraction, against fits that leave them out for real."""

from __future__ import annotations

import numpy as np
import pytest
from problems import blobs, problem_of, standardised

from foveal.probes import means, ridge
from foveal.probes.moments import moments

SHAPES = [(40, 100, 3), (300, 30, 4), (24, 60, 8)]


@pytest.mark.parametrize(("photos", "columns", "classes"), SHAPES)
def test_moments_are_those_of_the_other_folds(photos, columns, classes):
    features, labels = blobs(photos, columns, classes)
    problem, _ = problem_of(features, labels)
    for solution, sums in enumerate(moments(problem)):
        learns = problem.learns(solution)
        a, y = problem.coordinates[learns].astype(np.float64), labels[learns]
        size = np.abs(a.T @ a).max()
        np.testing.assert_allclose(sums.gram, a.T @ a, atol=1e-5 * size)
        wanted = np.stack([a[y == label].sum(axis=0) for label in range(classes)])
        np.testing.assert_allclose(sums.class_sums, wanted, atol=1e-5 * size)
        np.testing.assert_array_equal(sums.counts, np.bincount(y, minlength=classes))
        np.testing.assert_allclose(sums.priors, np.bincount(y, minlength=classes) / len(y), rtol=1e-6)


@pytest.mark.parametrize(("photos", "columns", "classes"), SHAPES)
@pytest.mark.parametrize("strength", ridge.STRENGTHS)
def test_ridge_on_axes_is_ridge_on_standardised_features(photos, columns, classes, strength):
    features, labels = blobs(photos, columns, classes)
    problem, axes = problem_of(features, labels)
    (fitted,) = ridge.fit_path(problem, (strength,))
    z = standardised(features)
    penalty = strength * float((z**2).mean(axis=0).sum()) / photos
    for solution in range(problem.solutions):
        learns = problem.learns(solution)
        x, targets = z[learns], np.eye(classes)[labels[learns]]
        centre, share = x.mean(axis=0), targets.mean(axis=0)
        centred = x - centre
        solved = np.linalg.solve(
            centred.T @ centred + len(x) * penalty * np.eye(columns), centred.T @ (targets - share)
        )
        wanted = 10 * ((z - centre) @ solved + share)
        head = axes.head(fitted.weights[solution], fitted.bias[solution])
        np.testing.assert_allclose(head.logits(features), wanted, atol=0.02)
        held_out = ~learns
        if held_out.any():
            np.testing.assert_allclose(fitted.out_of_fold(problem)[held_out], wanted[held_out], atol=0.02)


@pytest.mark.parametrize(("photos", "columns", "classes"), SHAPES)
@pytest.mark.parametrize("strength", means.STRENGTHS)
def test_class_means_are_shrunken_discriminants(photos, columns, classes, strength):
    features, labels = blobs(photos, columns, classes)
    problem, _ = problem_of(features, labels)
    (fitted,) = means.fit_path(problem, (strength,))
    a = problem.coordinates.astype(np.float64)
    rank = a.shape[1]
    for solution in range(problem.solutions):
        learns = problem.learns(solution)
        x, y = a[learns], labels[learns]
        centres = np.stack([x[y == label].mean(axis=0) for label in range(classes)])
        inside = x - centres[y]
        covariance = inside.T @ inside / (len(x) - classes)
        shrunk = (1 - strength) * covariance + strength * np.trace(covariance) / rank * np.eye(rank)
        weights = np.linalg.solve(shrunk, centres.T)
        bias = np.log(np.bincount(y) / len(y)) - 0.5 * np.einsum("cr,rc->c", centres, weights)
        wanted = a @ weights + bias
        found = problem.coordinates @ fitted.weights[solution] + fitted.bias[solution]
        np.testing.assert_allclose(found, wanted, atol=2e-3 * np.abs(wanted).max())


def test_at_full_shrinkage_the_nearest_mean_wins():
    features, labels = blobs(60, 20, 3)
    problem, _ = problem_of(features, labels)
    (fitted,) = means.fit_path(problem, (1.0,))
    a = problem.coordinates
    centres = np.stack([a[labels == label].mean(axis=0) for label in range(3)])
    distances = ((a[:, None] - centres) ** 2).sum(axis=2)
    found = a @ fitted.weights[-1] + fitted.bias[-1]
    np.testing.assert_array_equal(found.argmax(axis=1), distances.argmin(axis=1))


def test_a_class_that_is_held_out_as_a_whole_is_never_answered():
    features, labels = blobs(21, 10, 2)
    labels[0] = 2
    problem, _ = problem_of(features, labels)
    for module in (means, ridge):
        for fitted in module.fit_path(problem):
            logits = fitted.out_of_fold(problem)
            assert np.isfinite(logits).all()
            assert logits[0].argmax() != 2


@pytest.mark.parametrize("strength", means.STRENGTHS)
def test_one_photo_a_class_to_learn_from(strength):
    features, labels = blobs(8, 50, 4, spread=0.3)
    problem, _ = problem_of(features, labels, folds=2)
    (fitted,) = means.fit_path(problem, (strength,))
    logits = fitted.out_of_fold(problem)
    assert (logits.argmax(axis=1) == labels).all()
    assert np.abs(logits).max() < 100
