from __future__ import annotations

import numpy as np
import pytest
from problems import blobs, problem_of, standardised

from foveal.probes.axes import principal_axes
from foveal.probes.logistic import fit_path as fit_logistic

SHAPES = [(40, 200), (300, 60), (64, 64), (2, 10), (10, 2), (2, 1)]


@pytest.mark.parametrize(("photos", "columns"), SHAPES)
def test_axes_are_a_rotation(photos, columns):
    features, _ = blobs(photos, columns, 2)
    axes = principal_axes(features)
    z = standardised(features)
    rank = axes.coordinates.shape[1]
    assert rank <= min(photos, columns)
    np.testing.assert_allclose(axes.basis.T @ axes.basis, np.eye(rank), atol=2e-3)
    np.testing.assert_allclose(axes.coordinates @ axes.coordinates.T, z @ z.T, atol=2e-3 * columns)
    np.testing.assert_allclose(z @ axes.basis, axes.coordinates, atol=2e-3 * np.sqrt(columns))
    np.testing.assert_allclose(axes.variances, (axes.coordinates.astype(np.float64) ** 2).mean(axis=0), rtol=5e-3)
    assert (np.diff(axes.variances) <= 1e-3 * axes.variances[0]).all()
    np.testing.assert_allclose(axes.variances.sum(), (z**2).mean(axis=0).sum(), rtol=1e-3)


@pytest.mark.parametrize(("photos", "columns"), SHAPES[:3])
def test_the_head_answers_as_the_coordinates_do(photos, columns):
    features, labels = blobs(photos, columns, 3)
    problem, axes = problem_of(features, labels)
    *_, fitted = fit_logistic(problem)
    head = axes.head(fitted.weights[-1], fitted.bias[-1])
    on_axes = axes.coordinates @ fitted.weights[-1] + fitted.bias[-1]
    np.testing.assert_allclose(head.logits(features), on_axes, atol=2e-3 * np.abs(on_axes).max())


def test_constant_columns_say_nothing():
    features, _ = blobs(30, 12, 2)
    features[:, 3] = 5
    features[:, 7] = 0
    axes = principal_axes(features)
    assert axes.scale[3] == axes.scale[7] == 0
    assert (axes.scale[[0, 1, 2, 4, 5, 6]] > 0).all()
    np.testing.assert_allclose(axes.basis[[3, 7]], 0, atol=1e-6)
    assert axes.variances.sum() == pytest.approx(10, rel=1e-3)


def test_a_nearly_constant_column_is_not_blown_up():
    features = np.ones((50, 4), np.float32)
    features[:, 0] += np.random.default_rng(0).normal(0, 1e-6, 50)
    features[:, 1] = np.arange(50)
    axes = principal_axes(features)
    assert axes.scale[0] == 0
    assert axes.coordinates.shape[1] == 1


@pytest.mark.parametrize(("photos", "columns"), [(10, 30), (100, 30)])
def test_identical_photos(photos, columns):
    axes = principal_axes(np.ones((photos, columns), np.float16))
    assert axes.coordinates.shape == (photos, 1)
    np.testing.assert_allclose(axes.coordinates, 0, atol=1e-12)
    assert np.isfinite(axes.basis).all()
    assert (axes.variances > 0).all()


def test_equal_rows_lower_the_rank_and_nothing_else():
    features, _ = blobs(12, 40, 2)
    axes = principal_axes(np.concatenate([features, features, features]))
    assert axes.coordinates.shape[1] == 11
    np.testing.assert_allclose(axes.coordinates[:12], axes.coordinates[24:], atol=1e-3)


def test_the_features_are_not_changed():
    for kind in (np.float16, np.float32):
        features = blobs(20, 30, 2)[0].astype(kind)
        before = features.copy()
        principal_axes(features)
        np.testing.assert_array_equal(features, before)
