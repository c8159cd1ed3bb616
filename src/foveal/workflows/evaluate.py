"""Measure a classifier on labelled photos it has not learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.types.finding import Finding
from foveal.types.multilabel_evaluation import Figures
from foveal.workflows.imagenet import imagenet_photos, protocol, with_real
from foveal.workflows.predict import load
from foveal.workflows.quarantine import unreadable


@dataclass(frozen=True)
class Evaluated:
    """What was measured, and what was left out of it."""

    evaluation: Figures
    findings: tuple[Finding, ...]


def evaluate(
    model: str | Path | Classifier, photos: str | Path | Dataset, *, settings: Settings | None = None
) -> Figures:
    """Measure on labelled photos; see `evaluate_with_findings`, of which this is the figures alone."""
    return evaluate_with_findings(model, photos, settings=settings).evaluation


def evaluate_with_findings(
    model: str | Path | Classifier, photos: str | Path | Dataset, *, settings: Settings | None = None
) -> Evaluated:
    """Measure on labelled photos. Where the folder has a test/ part, only that is used.

    An ImageNet classifier is measured on ImageNet as published: classes are WordNet ids, the val part counts alone,
    and with `real.json` beside it the reassessed labels count too.

    Args:
        model: A classifier, or what `load` takes.
        photos: What `read` takes, with classes the model must know, or a dataset; unlabelled photos are passed over.
        settings: How to run.

    Raises:
        FovealError: `class-mismatch`, `task-mismatch`, `no-photos`, and those of `read` and `load`.
    """
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    loaded = model if isinstance(model, Classifier) else load(model, photos=dataset.photos(), settings=settings)
    published = imagenet_photos(dataset, loaded)
    dataset = for_testing(dataset) if published is None else published
    dataset = dataset.select(dataset.labelled)
    loaded.check(dataset)
    with (
        open_cache(settings) as cache,
        extract(dataset.photos(), loaded.views, cache, engines=loaded.engines, progress=settings.progress) as found,
    ):
        if published is None:
            evaluation = loaded.judge(dataset, found, protocol="labelled photos")
        else:
            evaluation = loaded.judge(dataset, found, protocol=protocol(dataset))
            evaluation = with_real(evaluation, dataset, found, loaded)
        return Evaluated(evaluation, (*dataset.findings, *unreadable(dataset, found)))


def for_testing(dataset: Dataset) -> Dataset:
    """The test/ part where there is one, else everything."""
    tests = dataset.part("test")
    return tests if len(tests) else dataset
