"""Ask a classifier about labelled photos whose features are known, and measure what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foveal.classifier.classifier import Classifier, readable_rows
from foveal.data.dataset import Dataset
from foveal.evaluation.hierarchy import hierarchy_figures
from foveal.evaluation.measured import Measured
from foveal.evaluation.slices import slice_figures
from foveal.evaluation.trust_figures import COVERAGE, MAX_ERROR, trust_figures
from foveal.features.extract import Extracted
from foveal.types.evaluation import Evaluation


def judged(
    model: Classifier,
    dataset: Dataset,
    found: Extracted,
    *,
    title: str,
    protocol: str,
    among: NDArray[np.bool_] | None = None,
    coverage: float = COVERAGE,
    max_error: float = MAX_ERROR,
) -> Measured:
    """Measure on labelled photos.

    Args:
        model: The classifier.
        dataset: Photos that passed its `check`, or of which those `among` them show classes it knows.
        found: Their features.
        title: For people: "test photos".
        protocol: How the predictions came about, for the figures.
        among: bool [n], the photos to measure on; None = all that can be read.
        coverage: Of the prediction sets that are measured.
        max_error: Share of wrong answers that is asked for.

    Raises:
        FovealError: `no-photos`: none can be read.
    """
    rows = readable_rows(dataset, found, among)
    features = found.gather(rows, model.views)
    probs = model.probs(features)
    labels = model.labels_of(dataset)[rows]
    unknown = model.unknown(features)
    figures = model.figures(dataset, rows, probs, protocol=protocol)
    trust = model.trust
    if isinstance(figures, Evaluation) and trust.sets is not None:
        known = trust_figures(
            labels,
            probs,
            model.class_names,
            sets=trust.sets,
            abstention=trust.abstention,
            unknown=unknown,
            coverage=coverage,
            max_error=max_error,
        )
        figures = replace(figures, trust=dict(known))
    if isinstance(figures, Evaluation) and trust.tree is not None:
        figures = replace(figures, hierarchy=dict(hierarchy_figures(labels, probs, trust.tree)))
    return Measured(title, figures, dataset, rows, model.class_names, labels, probs, unknown)


def with_slices(measured: Measured, columns: Mapping[str, Sequence[str]]) -> Measured:
    """The same with what was measured on each slice.

    Args:
        measured: Photos of one class each.
        columns: By name, a value for each photo measured.
    """
    if not isinstance(measured.figures, Evaluation):
        return measured
    slices = slice_figures(measured.labels, measured.probs.argmax(axis=1), columns)
    return replace(measured, figures=replace(measured.figures, slices=[dict(each) for each in slices]))
