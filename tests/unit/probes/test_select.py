from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from problems import blobs, problem_of

from foveal.data.splits import stratified_folds
from foveal.probes import PROBES
from foveal.probes.axes import principal_axes
from foveal.probes.problem import Problem
from foveal.probes.select import select


def run(sets, labels, *, probe="auto", folds=5):
    held_out = stratified_folds(labels, folds=folds, seed=0)
    given = {name: partial(principal_axes, values) for name, values in sets.items()}
    return select(given, labels, held_out, classes=int(labels.max()) + 1, probe=probe)


def fits_of(probe, problem):
    module, name = PROBES[probe].split(":")
    return list(getattr(import_module(module), name)(problem))


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize(("photos", "columns"), [(60, 100), (200, 20)])
def test_no_photo_is_judged_by_what_it_taught(probe, photos, columns):
    """Other labels and features in a fold change the predictions for the other folds, but not for itself."""
    features, labels = blobs(photos, columns, 3)
    problem, _ = problem_of(features, labels)
    held = problem.folds == 2
    other = labels.copy()
    other[held] = (labels[held] + 1) % 3
    changed = Problem(problem.coordinates, problem.variances, other, 3, problem.folds)
    for before, after in zip(fits_of(probe, problem), fits_of(probe, changed), strict=True):
        first, second = before.out_of_fold(problem), after.out_of_fold(problem)
        size = np.abs(first).max()
        # The closed forms differ by rounding. Logistic regression solves all folds together and stops by their sum, so
        # that one fold can end a little more or less sharply for the others' sake, but with the same answers.
        assert np.abs(first - second)[held].max() < (0.02 if probe == "logistic" else 1e-4) * size
        assert (first[held].argmax(axis=1) == second[held].argmax(axis=1)).all()
        assert np.abs(first - second)[~held].max() > 0.1 * size


@pytest.mark.parametrize("probe", PROBES)
def test_labels_without_meaning_are_not_predicted(probe):
    features, _ = blobs(300, 40, 2)
    labels = np.random.default_rng(1).integers(0, 2, 300).astype(np.int32)
    found = run({"noise": features}, labels, probe=probe)
    assert all(0.38 < trial.accuracy < 0.62 for trial in found.trials)
    assert min(trial.log_loss for trial in found.trials) > 0.66


def test_the_better_features_are_chosen():
    good, labels = blobs(200, 30, 4, spread=1.5)
    noise, _ = blobs(200, 30, 1, seed=9)
    found = run({"noise": noise, "good": good}, labels)
    assert found.features == "good"
    assert {trial.features for trial in found.trials} == {"noise", "good"}
    best = min(found.trials, key=lambda trial: trial.log_loss)
    assert (best.features, best.probe, best.strength) == (found.features, found.probe, found.strength)
    assert best.accuracy == np.mean(found.out_of_fold.argmax(axis=1) == labels)
    assert best.accuracy > 0.8
    assert found.folds == 5


def test_the_head_has_learnt_from_every_photo():
    features, labels = blobs(3150, 40, 3)
    known, fresh = slice(0, 150), slice(150, None)
    found = run({"x": features[known]}, labels[known])
    right = found.head.logits(features).argmax(axis=1) == labels
    out_of_fold = np.mean(found.out_of_fold.argmax(axis=1) == labels[known])
    assert right[known].mean() > out_of_fold
    assert right[fresh].mean() == pytest.approx(out_of_fold, abs=0.08)


def test_only_the_probe_asked_for():
    features, labels = blobs(60, 20, 3)
    for probe in PROBES:
        found = run({"x": features}, labels, probe=probe)
        assert {trial.probe for trial in found.trials} == {probe} == {found.probe}


def test_few_photos_try_every_probe_and_many_only_logistic():
    few = run({"x": blobs(60, 20, 3)[0]}, blobs(60, 20, 3)[1])
    assert {trial.probe for trial in few.trials} == set(PROBES)
    many = run({"x": blobs(600, 20, 3)[0]}, blobs(600, 20, 3)[1])
    assert {trial.probe for trial in many.trials} == {"logistic"}


def test_what_would_take_too_long_is_left_to_the_closed_forms(monkeypatch):
    monkeypatch.setattr("foveal.probes.select._AFFORDABLE", 1.0)
    features, labels = blobs(600, 20, 3)
    assert {trial.probe for trial in run({"x": features}, labels).trials} == {"means", "ridge"}


@pytest.mark.parametrize("probe", ["auto", *PROBES])
@pytest.mark.parametrize("kind", ["all photos equal", "classes of equal photos", "two photos a class", "one column"])
def test_degenerate_photos(probe, kind):
    features, labels = blobs(24, 30, 2)
    if kind == "all photos equal":
        features[:] = features[0]
    elif kind == "classes of equal photos":
        features = features[labels]
    elif kind == "two photos a class":
        features, labels = blobs(8, 30, 4)
    else:
        features = features[:, :1]
    found = run({"x": features}, labels, probe=probe, folds=2)
    assert np.isfinite(found.out_of_fold).all()
    assert np.isfinite(found.head.logits(features)).all()
    assert np.abs(found.out_of_fold).max() < 1e3
    if kind == "classes of equal photos":
        assert (found.head.logits(features).argmax(axis=1) == labels).all()
        assert found.trials[0].accuracy == 1


def test_two_photos_a_class_that_are_all_different():
    features, labels = blobs(20, 300, 10, spread=0.5)
    found = run({"x": features}, labels, folds=2)
    assert np.mean(found.out_of_fold.argmax(axis=1) == labels) > 0.8


CODE = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_select import digest
print(digest())
"""


def digest():
    features, labels = blobs(120, 150, 4)
    parts = []
    for probe in PROBES:
        found = run({"x": features, "y": features[:, :40]}, labels, probe=probe)
        parts += [found.out_of_fold.tobytes(), *(array.tobytes() for array in found.head.arrays().values())]
        parts.append(repr(found.trials).encode())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_two_processes_learn_the_same_to_the_last_bit():
    here = str(Path(__file__).parent)
    answers = {
        subprocess.run([sys.executable, "-c", CODE, here], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert answers == {digest() + "\n"}
