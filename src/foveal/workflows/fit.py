"""The main job: a folder of labelled photos becomes a classifier with an honest number."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from foveal.classifier.classifier import Classifier, check_classes
from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.read import read
from foveal.data.split_file import Split
from foveal.evaluation.judged import judged
from foveal.evaluation.measured import Measured
from foveal.features.extract import extract
from foveal.features.pixel_view import PixelView
from foveal.features.settings import Settings, open_cache
from foveal.probes.workers import one_blas_thread
from foveal.runtimes.engine import EnginePool
from foveal.types.finding import Finding
from foveal.workflows.fit_classes import learn_classes
from foveal.workflows.fit_multilabel import learn_label_sets
from foveal.workflows.folds import check_split
from foveal.workflows.quarantine import check_counts, quarantine_tests
from foveal.workflows.recipe import Recipe
from foveal.workflows.record import make_record
from foveal.workflows.views import cards_for, effort_named, views_for


@dataclass(frozen=True)
class Fit:
    """What came of a fit.

    Args:
        model: The classifier.
        measured: What it says of the photos learnt from, out of fold, and of the test photos if there are any.
        findings: What was noticed about the photos.
    """

    model: Classifier
    measured: tuple[Measured, ...]
    findings: tuple[Finding, ...]


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
    evidence: bool = False,
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
        evidence: Keep small pictures of some of the photos in the model, so that `explain` can show those that decided.
            Whoever gets the model gets them too.
        settings: How to run.

    Returns:
        The classifier; its `evaluation` holds the out-of-fold figures, `test_evaluation` those of the test photos, and
        `record` everything else.

    Raises:
        FovealError: `not-found`, `no-photos`, `one-class`, `too-few-photos`, `class-mismatch`, `unknown-name`, …;
            `docs/errors.md` lists them all.
    """
    recipe = Recipe(backbone=backbone, effort=effort, probe=probe, balance=balance, seed=seed, evidence=evidence)
    return fit_in_full(photos, recipe, test=test, split=split, settings=settings).model


def fit_in_full(
    photos: str | Path | Dataset,
    recipe: Recipe,
    *,
    test: str | Path | Dataset | None = None,
    split: str | Path | Split = "auto",
    settings: Settings | None = None,
) -> Fit:
    """`fit`, with what was said of each photo, for reports."""
    started = time.perf_counter()
    splitting = check_split(split)
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    training, tests = parts_of(dataset, test)
    check_counts(training)
    if tests is not None:
        check_classes(tests, training.class_names, multi_label=training.multi_label)
    effort = effort_named(recipe.effort)
    cards = cards_for(recipe.backbone, effort)
    views = views_for(cards, effort, training.photos(), settings)
    engines = EnginePool()
    findings = dataset.findings
    if tests is not None and test is not None:
        findings += named_from(tests.root, tests.findings)
    with open_cache(settings) as cache:
        with extract(
            training.photos(), [*views, PixelView()], cache, engines=engines, progress=settings.progress
        ) as found:
            seconds = {"features": time.perf_counter() - started}
            learn = learn_label_sets if training.multi_label else learn_classes
            with one_blas_thread():
                learnt = learn(training, found, views, splitting, recipe, engines=engines, keep_axes=settings.cache)
        model = replace(learnt.model, engines=engines)
        measured = {"out_of_fold": learnt.out_of_fold}
        findings += learnt.kept.findings
        if tests is not None:
            with extract(tests.photos(), model.views, cache, engines=engines, progress=settings.progress) as found:
                among, left_out = quarantine_tests(tests, found, learnt.kept)
                findings += left_out if test is None else named_from(tests.root, left_out)
                if among.any():
                    said = "test photos, used once"
                    measured["test"] = judged(model, tests, found, title="test photos", protocol=said, among=among)
    seconds["total"] = time.perf_counter() - started
    record = make_record(
        recipe=asdict(recipe),
        cards=cards,
        edits=dataset.edits,
        learnt=learnt,
        metrics={name: each.figures.to_dict() for name, each in measured.items()},
        findings=findings,
        seconds=seconds,
    )
    return Fit(replace(model, record=record), tuple(measured.values()), tuple(findings))


def parts_of(dataset: Dataset, test: str | Path | Dataset | None) -> tuple[Dataset, Dataset | None]:
    """Photos to learn from (train and val, since cross-validation needs no hold-out), and those to test on.

    Args:
        dataset: All photos.
        test: Other photos to test on, as `read` takes them; None = the test part of the dataset, if it has one.
    """
    inside = dataset.part("test")
    training = dataset.select(dataset.parts != PART_NAMES.index("test"))
    if test is None:
        return training, inside if len(inside) else None
    return training, (test if isinstance(test, Dataset) else read(test)).for_testing()


def named_from(root: Path, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings about photos of another folder than the one learnt from: their paths begin with it.

    Args:
        root: That folder.
        findings: With paths relative to it.
    """
    return tuple(replace(each, paths=tuple(str(root / path) for path in each.paths)) for each in findings)
