"""Classification problems for the tests of the probes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.data.multilabel_splits import multilabel_folds
from foveal.data.splits import stratified_folds
from foveal.probes.axes import Axes, principal_axes
from foveal.probes.problem import MultiLabelProblem, Problem

Targets = NDArray[np.bool_]


def blobs(
    photos: int, columns: int, classes: int, *, seed: int = 0, spread: float = 2.0
) -> tuple[NDArray[np.float16], NDArray[np.int32]]:
    """Features float16 [n, D] as pooled ReLU outputs look, and labels; classes differ in their mean activation."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(photos) % classes).astype(np.int32)
    centres = rng.normal(size=(classes, columns))
    features = np.maximum(centres[labels] + spread * rng.normal(size=(photos, columns)), 0) ** 2
    return features.astype(np.float16), labels


def problem_of(features: NDArray[np.float16], labels: NDArray[np.int32], *, folds: int = 5) -> tuple[Problem, Axes]:
    """The problem on principal axes, with stratified folds."""
    axes = principal_axes(features)
    classes = int(labels.max()) + 1
    return Problem(
        axes.coordinates, axes.variances, labels, classes, stratified_folds(labels, folds=folds, seed=0)
    ), axes


def standardised(features: NDArray[np.float16]) -> NDArray[np.float64]:
    """Compressed and standardised in float64, constant columns 0: what the axes are a rotation of."""
    z = np.sign(features) * np.sqrt(np.abs(features.astype(np.float64)))
    z -= z.mean(axis=0)
    deviation = z.std(axis=0)
    return z / np.where(deviation > 1e-4, deviation, np.inf)


def several_labels(
    photos: int, columns: int, classes: int, *, seed: int = 0, spread: float = 1.0
) -> tuple[NDArray[np.float16], Targets]:
    """Features float16 [n, D] as of photos that show several things, and targets bool [n, C]; rare classes last."""
    rng = np.random.default_rng(seed)
    targets = rng.random((photos, classes)) < np.geomspace(0.5, 0.08, classes)
    centres = rng.normal(size=(classes, columns))
    noise = spread * rng.normal(size=(photos, columns))
    return (np.maximum(targets @ centres + noise, 0) ** 2).astype(np.float16), targets


def multilabel_problem_of(
    features: NDArray[np.float16], targets: Targets, *, folds: int = 5
) -> tuple[MultiLabelProblem, Axes]:
    """The problem on principal axes, with folds."""
    axes = principal_axes(features)
    held = multilabel_folds(targets, folds=folds, seed=0)
    return MultiLabelProblem(axes.coordinates, axes.variances, targets, held), axes
