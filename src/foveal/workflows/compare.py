"""Two classifiers on the same labelled photos: which is better, and could these photos tell?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.errors import FovealError
from foveal.evaluation.compare import comparison, on_rows
from foveal.evaluation.measured import Measured
from foveal.features.settings import Settings
from foveal.types.comparison import Comparison
from foveal.types.finding import Finding
from foveal.workflows.evaluate import Evaluated, evaluate_in_full
from foveal.workflows.predict import load


@dataclass(frozen=True)
class Compared:
    """A comparison, the measurements it rests on, and what was left out of them."""

    comparison: Comparison
    measured: tuple[Measured, Measured]
    findings: tuple[Finding, ...]


def compare(
    first: str | Path | Classifier,
    second: str | Path | Classifier,
    photos: str | Path | Dataset,
    *,
    settings: Settings | None = None,
) -> Comparison:
    """Ask two classifiers about the same labelled photos; see `compare_in_full`, of which this is the outcome alone."""
    return compare_in_full(first, second, photos, settings=settings).comparison


def compare_in_full(
    first: str | Path | Classifier,
    second: str | Path | Classifier,
    photos: str | Path | Dataset,
    *,
    settings: Settings | None = None,
) -> Compared:
    """Ask two classifiers about the same labelled photos, and test the difference photo by photo.

    Args:
        first: A classifier, or what `load` takes.
        second: The one it is compared with.
        photos: Labelled photos that neither has learnt from; where there is a test part, only that is used.
        settings: How to run.

    Raises:
        FovealError: `class-mismatch`, `task-mismatch`: photos that one of them cannot be measured on, or a model of
            any number of labels. Those of `read` and `load`.
    """
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    names = _named(first, "first"), _named(second, "second")
    models = [
        each if isinstance(each, Classifier) else load(each, photos=dataset.photos(), settings=settings)
        for each in (first, second)
    ]
    for name, model in zip(names, models, strict=True):
        if model.multi_label:
            raise FovealError(
                "task-mismatch",
                f"{name}: expected a model of one class a photo, got one of any number of labels",
                hint="measure each with `foveal evaluate`",
            )
    done = [evaluate_in_full(model, dataset, settings=settings) for model in models]
    measured = _shared(done[0], done[1])
    said = [_of(name, each.findings) for name, each in zip(names, done, strict=True)]
    findings = tuple(dict.fromkeys((*said[0], *said[1])))
    return Compared(comparison(names, *measured), measured, findings)


def _of(name: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, where one is about one of the two models saying which."""
    return tuple(
        replace(each, message=f"{name}: {each.message}") if each.code == "test-photo-learnt" else each
        for each in findings
    )


def _named(model: str | Path | Classifier, otherwise: str) -> str:
    return otherwise if isinstance(model, Classifier) else str(model)


def _shared(first: Evaluated, second: Evaluated) -> tuple[Measured, Measured]:
    """Both on the photos that both could read."""
    a, b = first.measured, second.measured
    rows = np.intersect1d(a.rows, b.rows)
    kept = []
    for done in (first, second):
        measured = on_rows(done.measured, np.isin(done.measured.rows, rows))
        if len(rows) < len(done.measured.rows):
            figures = done.model.figures(
                measured.dataset, measured.rows, measured.probs, protocol="photos that both can read"
            )
            measured = replace(measured, figures=figures)
        kept.append(measured)
    return kept[0], kept[1]
