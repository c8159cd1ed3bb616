"""The main job: a folder of labelled photos becomes a classifier with an honest number."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from foveal.classifier.classifier import Classifier, check_classes
from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.read import read
from foveal.data.split_file import Split
from foveal.features.extract import Extracted, extract
from foveal.features.pixel_view import PixelView
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.metrics.evaluate import measure
from foveal.probes.axes import turned_ahead
from foveal.probes.calibrate import calibrate
from foveal.probes.select import Selection, select
from foveal.probes.workers import one_blas_thread
from foveal.runtimes.engine import EnginePool
from foveal.types.finding import Finding
from foveal.workflows.evaluate import for_testing
from foveal.workflows.fit_multilabel import learn_label_sets
from foveal.workflows.folds import Folds, check_split, folds_for
from foveal.workflows.learnt import Learnt
from foveal.workflows.quarantine import check_counts, quarantine, quarantine_tests
from foveal.workflows.recipe import Recipe
from foveal.workflows.record import make_record
from foveal.workflows.views import candidates, cards_for, effort_named, views_for


def fit(
    photos: str | Path | Dataset,
    *,
    test: str | Path | Dataset | None = None,
    backbone: str = "auto",
    effort: str = "default",
    probe: str = "auto",
    balance: str = "auto",
    split: str | Path | Split = "auto",
    seed: int = 0,
    settings: Settings | None = None,
) -> Classifier:
    """Learn to recognise the classes of a folder of photos.

    The photos go through the network once; everything after works on the cached features: cross-validation chooses
    the probe and its strength, and its out-of-fold predictions give every photo one honest prediction, from which the
    accuracy, its interval and the calibration come. The head is then learnt from all photos.

    Args:
        photos: What `read` takes, with labels, or a dataset; its train and val parts are learnt from.
        test: Labelled photos to measure on, once, at the end, as `photos`; without them, the test part of `photos`.
        backbone: "auto", or names of backbones with commas between.
        effort: "low", "default" or "high".
        probe: "auto", or a name in `foveal.probes.PROBES`.
        balance: "auto" helps rare classes where it pays; "none" never does.
        split: "auto" keeps together what belongs together (groups of the dataset, near-duplicates, bursts, video
            frames); "none" only files with the same bytes; kinds of `foveal.grouping.infer.KINDS` with commas between;
            or a split that was kept, or its file.
        seed: Decides which photos share a fold; everything else is deterministic.
        settings: How to run.

    Returns:
        The classifier; its `evaluation` holds the out-of-fold figures, `test_evaluation` those of the test photos, and
        `record` everything else.

    Raises:
        FovealError: `not-found`, `no-photos`, `one-class`, `too-few-photos`, `class-mismatch`, `unknown-name`, …;
            `docs/errors.md` lists them all.
    """
    started = time.perf_counter()
    recipe = Recipe(backbone=backbone, effort=effort, probe=probe, balance=balance, seed=seed)
    splitting = check_split(split)
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    training, tests = _parts(dataset, test)
    check_counts(training)
    if tests is not None:
        check_classes(tests, training.class_names, multi_label=training.multi_label)
    cards = cards_for(backbone, effort_named(effort))
    views = views_for(cards, effort_named(effort), training.photos(), settings)
    engines = EnginePool()
    findings = dataset.findings
    if tests is not None and test is not None:
        findings += _named_from(tests.root, tests.findings)
    metrics: dict[str, Any] = {}
    with open_cache(settings) as cache:
        with extract(
            training.photos(), [*views, PixelView()], cache, engines=engines, progress=settings.progress
        ) as found:
            seconds = {"features": time.perf_counter() - started}
            learn = learn_label_sets if training.multi_label else _learn_classes
            with one_blas_thread():
                learnt = learn(training, found, views, splitting, recipe, keep_axes=settings.cache)
        model = replace(learnt.model, engines=engines)
        metrics["out_of_fold"] = learnt.out_of_fold.to_dict()
        findings += learnt.kept.findings
        if tests is not None:
            with extract(tests.photos(), model.views, cache, engines=engines, progress=settings.progress) as found:
                among, left_out = quarantine_tests(tests, found, learnt.kept)
                findings += left_out if test is None else _named_from(tests.root, left_out)
                if among.any():
                    tested = model.judge(tests, found, protocol="test photos, used once", among=among)
                    metrics["test"] = tested.to_dict()
    seconds["total"] = time.perf_counter() - started
    record = make_record(
        recipe=asdict(recipe),
        cards=cards,
        edits=dataset.edits,
        learnt=learnt,
        metrics=metrics,
        findings=findings,
        seconds=seconds,
    )
    return replace(model, record=record)


def _parts(dataset: Dataset, test: str | Path | Dataset | None) -> tuple[Dataset, Dataset | None]:
    """Photos to learn from (train and val, since cross-validation needs no hold-out), and those to test on."""
    inside = dataset.part("test")
    training = dataset.select(dataset.parts != PART_NAMES.index("test"))
    if test is None:
        return training, inside if len(inside) else None
    return training, for_testing(test if isinstance(test, Dataset) else read(test))


def _named_from(root: Path, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings about photos of another folder than the one learnt from: their paths begin with it."""
    return tuple(replace(each, paths=tuple(str(root / path) for path in each.paths)) for each in findings)


def _learn_classes(
    training: Dataset,
    found: Extracted,
    views: Sequence[View],
    splitting: Split | str,
    recipe: Recipe,
    *,
    keep_axes: bool,
) -> Learnt:
    """Cross-validate, calibrate, and put together a classifier of one class a photo."""
    kept = quarantine(training, found)
    sets = candidates(views, len(kept.rows))
    features = {name: partial(found.gather, kept.rows, chosen) for name, chosen in sets.items()}
    with turned_ahead(features, kept=keep_axes) as axes:
        folds = folds_for(training, kept.rows, kept.labels, kept.groups, found, views[0], splitting, seed=recipe.seed)
        selection = select(axes, kept.labels, folds.numbers, classes=len(kept.class_names), probe=recipe.probe)
    calibration = calibrate(selection.out_of_fold, kept.labels, folds.numbers, balance=recipe.balance)
    head = replace(selection.head, bias=selection.head.bias + calibration.shift)
    protocol = f"out of fold, {selection.folds} folds"
    return Learnt(
        model=Classifier(kept.class_names, sets[selection.features], head, calibration.temperature),
        out_of_fold=measure(kept.labels, calibration.out_of_fold, kept.class_names, protocol=protocol),
        kept=kept,
        counts=np.bincount(kept.labels, minlength=len(kept.class_names)).tolist(),
        selection=selection,
        split=_split_record(folds, selection),
        calibration={"temperature": calibration.temperature, "tau": calibration.tau},
    )


def _split_record(folds: Folds, selection: Selection) -> dict[str, Any]:
    """How the photos were split, and what the score would have been had nothing been kept together."""
    if folds.plain is None:
        return dict(folds.record)
    return {
        **folds.record,
        "accuracy": selection.accuracy,
        "accuracy_ungrouped": selection.accuracy_with(folds.plain),
    }
