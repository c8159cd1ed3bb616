from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.probes.lbfgs import minimise


def quadratic(size, condition, seed=0):
    """½ xᵀA x − bᵀx with eigenvalues from 1 to `condition`, its diagonal and its minimum."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = (basis * np.geomspace(1, condition, size)) @ basis.T
    target = rng.normal(size=size)

    def function(x):
        gradient = matrix @ x.astype(np.float64) - target
        return float(0.5 * x @ (gradient - target)), gradient.astype(np.float32)

    return function, matrix, np.linalg.solve(matrix, target)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 30), condition=st.floats(1, 300), seed=st.integers(0, 99))
def test_quadratics(size, condition, seed):
    function, _, solution = quadratic(size, condition, seed)
    start = np.zeros(size, np.float32)
    found = minimise(function, start, scale=np.ones(size, np.float32), tolerance=1e-4, most_iterations=300)
    assert found.dtype == np.float32
    reach = 0.5 * float(solution @ (-function(start)[1]))
    assert function(found)[0] - function(solution.astype(np.float32))[0] < 1e-3 * reach + 1e-6
    assert (start == 0).all()


def test_the_scale_saves_steps():
    diagonal = np.geomspace(1, 1e4, 40).astype(np.float32)
    steps = []

    def function(x):
        steps[-1] += 1
        return float(0.5 * (diagonal * x) @ x - x.sum()), diagonal * x - 1

    for scale in (np.ones(40, np.float32), 1 / diagonal):
        steps.append(0)
        found = minimise(function, np.zeros(40, np.float32), scale=scale, tolerance=1e-4, most_iterations=500)
        np.testing.assert_allclose(found[:10], 1 / diagonal[:10], rtol=0.05)
    assert steps[1] <= 4 < steps[0]


def softplus(x):
    return float(np.logaddexp(x, -2 * x).sum()), (1 - 3 / (1 + np.exp(3 * x))).astype(np.float32)


def fourth_power(x):
    return float(((x - 3) ** 4).sum() + (x**2).sum()), 4 * (x - 3) ** 3 + 2 * x


def exponential(x):
    with np.errstate(over="ignore", invalid="ignore"):
        return float((np.exp(x) - 2 * x).sum()), np.exp(x) - 2


@pytest.mark.parametrize(
    ("function", "minimum"), [(softplus, np.log(2) / 3), (fourth_power, 2), (exponential, np.log(2))]
)
def test_other_convex_functions(function, minimum):
    for start in (-1.0, 0.0, 3.5):
        first = np.full((2, 3), start, np.float32)
        found = minimise(function, first, scale=np.ones((2, 1), np.float32), tolerance=1e-4, most_iterations=200)
        assert found.shape == (2, 3)
        np.testing.assert_allclose(found, minimum, atol=5e-3)


def test_every_step_goes_down():
    function, _, _ = quadratic(20, 1000)
    values = []
    point = np.zeros(20, np.float32)
    for count in range(1, 12):
        found = minimise(function, point, scale=np.ones(20, np.float32), tolerance=0.0, most_iterations=count)
        values.append(function(found)[0])
    assert values == sorted(values, reverse=True)


def test_at_the_minimum_nothing_moves():
    function, _, solution = quadratic(5, 3)
    start = solution.astype(np.float32)
    found = minimise(function, start, scale=np.ones(5, np.float32))
    np.testing.assert_array_equal(found, start)
    nothing = minimise(lambda x: (0.0, np.zeros_like(x)), np.zeros(5, np.float32), scale=np.ones(5, np.float32))
    assert (nothing == 0).all()


def test_a_start_from_elsewhere_stops_by_the_same_measure():
    function, _, solution = quadratic(10, 30)
    for start in (np.zeros(10), np.full(10, 100.0), solution + 1e-3):
        found = minimise(function, start.astype(np.float32), scale=np.ones(10, np.float32), tolerance=1e-4)
        np.testing.assert_allclose(found, solution, atol=2e-3)


def test_values_beyond_numbers_are_stepped_back_from():
    def function(x):
        value = float((x**2 / 2 - 3 * x).sum()) if (x < 4).all() else float("nan")
        return value, x - 3

    # The scale asks for a first step of 30.
    found = minimise(function, np.zeros(3, np.float32), scale=np.full(3, 10, np.float32), tolerance=1e-5)
    np.testing.assert_allclose(found, 3, atol=1e-3)
