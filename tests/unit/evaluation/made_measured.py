"""Measurements of photos that are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.evaluation.measured import Measured
from foveal.metrics.evaluate import measure

NAMES = ("ant", "bee", "cat")


def made_measured(
    labels: NDArray[np.int32], predicted: NDArray[np.intp], names: tuple[str, ...] = NAMES, *, sure: float = 0.8
) -> Measured:
    """Each photo predicted with that probability.

    Args:
        labels: int32 [n], true classes as indices into `NAMES`.
        predicted: int [n], predicted ones, likewise.
        names: The same classes in the order of the classifier.
        sure: Probability of the predicted class.
    """
    place = np.array([names.index(name) for name in NAMES])
    n = len(labels)
    probs = np.full((n, len(names)), (1 - sure) / (len(names) - 1), np.float32)
    probs[np.arange(n), place[predicted]] = sure
    paths = tuple(f"{NAMES[label]}/{number}.jpg" for number, label in enumerate(labels))
    dataset = Dataset(Path("photos"), paths, labels.astype(np.int32), NAMES, np.zeros(n, np.int8))
    own = place[labels].astype(np.int32)
    figures = measure(own, probs, names, protocol="labelled photos")
    return Measured("labelled photos", figures, dataset, np.arange(n), names, own, probs)
