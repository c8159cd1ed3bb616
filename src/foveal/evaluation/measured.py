"""Labelled photos and what a classifier said of them: the material of every further measurement and of reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.types.multilabel_evaluation import Figures


@dataclass(frozen=True)
class Measured:
    """One measurement, photo by photo.

    Args:
        title: For people: "out of fold", "test photos".
        figures: What was measured.
        dataset: The photos measured are among these.
        rows: int [m], the photos measured, as indices into the dataset, ascending.
        class_names: Names of the C classes.
        labels: int32 [m], true classes; for photos with any number of labels -1.
        probs: float32 [m, C], as the classifier gives them.
        unknown: bool [m], which of them the gate turns away as unlike anything learnt; None without a gate.
    """

    title: str
    figures: Figures
    dataset: Dataset
    rows: NDArray[np.intp]
    class_names: tuple[str, ...]
    labels: NDArray[np.int32]
    probs: NDArray[np.float32]
    unknown: NDArray[np.bool_] | None = None
