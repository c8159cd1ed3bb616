"""The main job: a folder of labelled photos becomes a classifier with an honest number."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from foveal.classifier.classifier import Classifier, check_classes
from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.read import read
from foveal.data.splits import choose_folds, stratified_folds
from foveal.errors import FovealError, unknown_name
from foveal.features.extract import Extracted, extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.metrics.evaluate import measure
from foveal.probes import PROBES
from foveal.probes.calibrate import Calibration, calibrate
from foveal.probes.select import Selection, select
from foveal.runtimes.engine import EnginePool
from foveal.types.finding import Finding
from foveal.workflows.evaluate import for_testing
from foveal.workflows.quarantine import Kept, check_counts, quarantine, quarantine_tests
from foveal.workflows.record import make_record
from foveal.workflows.views import candidates, cards_for, effort_named, views_for

BALANCES = ("auto", "none")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to learn and how hard to try, as `fit` was told; checked at birth, and kept in the model."""

    backbone: str = "auto"
    effort: str = "default"
    probe: str = "auto"
    balance: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        effort_named(self.effort)
        if self.balance not in BALANCES:
            raise unknown_name("balance", self.balance, BALANCES)
        if self.probe not in ("auto", *PROBES):
            raise unknown_name("probe", self.probe, ("auto", *PROBES))
        if not 0 <= self.seed < 2**32:
            raise FovealError(
                "bad-option", f"seed: expected 0 to {2**32 - 1}, got {self.seed}", hint="choose a number in that range"
            )


def fit(
    photos: str | Path | Dataset,
    *,
    test: str | Path | Dataset | None = None,
    backbone: str = "auto",
    effort: str = "default",
    probe: str = "auto",
    balance: str = "auto",
    seed: int = 0,
    settings: Settings | None = None,
) -> Classifier:
    """Learn to recognise the classes of a folder of photos.

    The photos go through the network once; everything after works on the cached features: cross-validation chooses
    the probe and its strength, and its out-of-fold predictions give every photo one honest prediction, from which the
    accuracy, its interval and the calibration come. The head is then learnt from all photos.

    Args:
        photos: A folder per class, a folder with train/ (and val/, test/) inside, or a dataset.
        test: Labelled photos to measure on, once, at the end; a test/ folder inside `photos` counts too.
        backbone: "auto", or names of backbones with commas between.
        effort: "low", "default" or "high".
        probe: "auto", or a name in `foveal.probes.PROBES`.
        balance: "auto" helps rare classes where it pays; "none" never does.
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
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    training, tests = _parts(dataset, test)
    check_counts(training)
    if tests is not None:
        check_classes(tests, training.class_names)
    cards = cards_for(backbone, effort_named(effort))
    views = views_for(cards, effort_named(effort), training.photos(), settings)
    engines = EnginePool()
    findings = dataset.findings
    if tests is not None and test is not None:
        findings += _named_from(tests.root, tests.findings)
    metrics: dict[str, Any] = {}
    with open_cache(settings) as cache:
        with extract(training.photos(), views, cache, engines=engines, progress=settings.progress) as found:
            seconds = {"features": time.perf_counter() - started}
            kept = quarantine(training, found)
            selection, calibration, chosen = _learn(kept, found, views, recipe)
        head = replace(selection.head, bias=selection.head.bias + calibration.shift)
        model = Classifier(kept.class_names, chosen, head, calibration.temperature, engines=engines)
        metrics["out_of_fold"] = _out_of_fold(kept, selection, calibration)
        findings += kept.findings
        if tests is not None:
            with extract(tests.photos(), chosen, cache, engines=engines, progress=settings.progress) as found:
                among, left_out = quarantine_tests(tests, found, kept)
                findings += left_out if test is None else _named_from(tests.root, left_out)
                if among.any():
                    tested = model.judge(tests, found, protocol="test photos, used once", among=among)
                    metrics["test"] = tested.to_dict()
    seconds["total"] = time.perf_counter() - started
    record = make_record(
        recipe=asdict(recipe),
        cards=cards,
        kept=kept,
        selection=selection,
        calibration=calibration,
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


def _learn(
    kept: Kept, found: Extracted, views: Sequence[View], recipe: Recipe
) -> tuple[Selection, Calibration, tuple[View, ...]]:
    """Cross-validate, calibrate, and say which views the winner needs."""
    count = choose_folds(kept.labels, kept.groups)
    folds = stratified_folds(kept.labels, folds=count, seed=recipe.seed, groups=kept.groups)
    sets = candidates(views, len(kept.rows))
    features = {name: partial(found.gather, kept.rows, chosen) for name, chosen in sets.items()}
    selection = select(features, kept.labels, folds, classes=len(kept.class_names), probe=recipe.probe)
    calibration = calibrate(selection.out_of_fold, kept.labels, folds, balance=recipe.balance)
    return selection, calibration, sets[selection.features]


def _out_of_fold(kept: Kept, selection: Selection, calibration: Calibration) -> dict[str, Any]:
    protocol = f"out of fold, {selection.folds} folds"
    return measure(kept.labels, calibration.out_of_fold, kept.class_names, protocol=protocol).to_dict()
