from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.stopping import gain, nothing_gained

RNG = np.random.default_rng(0)


def epochs(*accuracies, photos=1000):
    """The same photos are hard in every epoch, give or take a few."""
    hard = RNG.random(photos)
    return np.stack([hard + RNG.normal(0, 0.01, photos) < accuracy for accuracy in accuracies])


def test_a_plateau_ends_and_a_climb_does_not():
    assert nothing_gained(epochs(0.8, 0.8, 0.8, 0.8, 0.8, 0.8), 3)
    assert not nothing_gained(epochs(0.80, 0.81, 0.82, 0.83, 0.84, 0.85), 3)


def test_a_decline_ends():
    assert nothing_gained(epochs(0.85, 0.85, 0.80, 0.79), 2)


def test_few_photos_that_flutter_cannot_tell():
    flutter = RNG.random((6, 40)) < 0.8
    assert gain(flutter, 3)[1] > 0.005
    assert not nothing_gained(flutter, 3)


def test_it_waits_for_two_windows_and_for_being_asked():
    flat = epochs(*[0.8] * 5)
    assert not nothing_gained(flat, 3)
    assert not nothing_gained(flat, 0)
    assert not nothing_gained(np.zeros((6, 0), np.bool_), 3)
