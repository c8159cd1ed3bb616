"""Look at the photos before anything is learnt from them: one pass over the pixels, then every check."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from foveal.checks import CHECKS
from foveal.checks.evidence import Evidence, Judged
from foveal.data.dataset import PART_NAMES, Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import NO_CLASSES, read
from foveal.data.report import DataReport
from foveal.data.split_file import Split
from foveal.errors import FovealError
from foveal.features.extract import Extracted, extract
from foveal.features.pixel_view import MeasureView, PixelView
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.grouping.infer import infer_groups
from foveal.grouping.near_duplicates import Pairs, near_duplicates
from foveal.metrics.evaluate import measure
from foveal.probes.axes import turned_ahead
from foveal.probes.calibrate import calibrate
from foveal.probes.select import select
from foveal.probes.workers import one_blas_thread
from foveal.types.data_finding import DataFinding
from foveal.types.evaluation import Evaluation
from foveal.types.finding import Finding
from foveal.workflows.folds import Folds, check_split, fold_photos, folds_of
from foveal.workflows.quarantine import quarantine
from foveal.workflows.views import cards_for, effort_named, views_for

# What is left cannot be held out and learnt from; the other checks say why.
_NOT_LEARNABLE = ("one-class", "too-few-groups")


# Every other one of those that `fit` tries: the figures here come within a few tenths of a point of its.
_STRENGTHS = (1.0, 0.1, 0.01)


@dataclass(frozen=True)
class _Learnt:
    judged: Judged
    folds: Folds
    evaluation: Evaluation


def check(
    photos: str | Path | Dataset,
    *,
    backbone: str = "auto",
    split: str | Path | Split = "auto",
    seed: int = 0,
    settings: Settings | None = None,
) -> DataReport:
    """Look for what is wrong with photos and labels: damage, copies, leaks, wrong labels, shortcuts.

    Args:
        photos: What `read` takes, or a dataset. Photos without classes are looked over for what needs none.
        backbone: "auto", or names of backbones with commas between.
        split: As for `fit`.
        seed: Decides which photos share a fold.
        settings: How to run.

    Raises:
        FovealError: Those of `read` and of `fit`'s options; `bad-option`: a split where nothing is learnt.
    """
    started = time.perf_counter()
    splitting = check_split(split)
    settings = settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read_for_check(photos)
    _refuse_idle_split(dataset, splitting)
    effort = effort_named("default")
    views = views_for(cards_for(backbone, effort), effort, dataset.photos(), settings)
    with (
        open_cache(settings) as cache,
        extract(dataset.photos(), [*views, PixelView(), MeasureView()], cache, progress=settings.progress) as found,
    ):
        seconds = {"features": time.perf_counter() - started}
        with one_blas_thread():
            evidence, learnt = _gather(dataset, found, views, splitting, seed, kept=settings.cache)
            seconds["learning"] = time.perf_counter() - started - seconds["features"]
            findings = _run_checks(evidence, seconds)
    seconds["total"] = time.perf_counter() - started
    return DataReport(
        dataset=dataset,
        findings=findings,
        readable=len(evidence.rows),
        notes=dataset.findings,
        evaluation=None if learnt is None else learnt.evaluation,
        split={} if learnt is None else learnt.folds.record,
        seconds=seconds,
    )


def read_for_check(
    photos: str | Path,
    *,
    source: str = "auto",
    options: ReadOptions | None = None,
    exclude: Path | None = None,
    relabel: Path | None = None,
) -> Dataset:
    """`read`, but photos in no classes, or all in one, are read without classes rather than refused."""
    options = options or ReadOptions()
    try:
        return read(photos, source=source, options=options, exclude=exclude, relabel=relabel)
    except FovealError as error:
        if error.code not in NO_CLASSES:
            raise
        why = error
    unlabelled = replace(options, labelled=False)
    dataset = read(photos, source=source, options=unlabelled, exclude=exclude, relabel=relabel)
    if not any("/" in path for path in dataset.paths):
        return dataset
    hint = f"; {why.hint}" if why.hint and "\n" not in why.hint else ""
    note = Finding("read-without-classes", f"checked without classes: {why.message}{hint}")
    return replace(dataset, findings=(*dataset.findings, note))


def _refuse_idle_split(dataset: Dataset, splitting: Split | str) -> None:
    if splitting == "auto" or (dataset.class_names and not dataset.multi_label):
        return
    got = "photos with any number of labels" if dataset.multi_label else "photos without classes"
    raise FovealError(
        "bad-option",
        f"--split: expected photos of one class each, got {got}: a check learns nothing from them, so nothing is split",
        hint="leave it out" + ("; foveal fit takes it" if dataset.multi_label else ""),
    )


def _run_checks(evidence: Evidence, seconds: dict[str, float]) -> tuple[DataFinding, ...]:
    """Every check of the table; worst findings first, in the order of the table where they are equally bad."""
    findings: list[DataFinding] = []
    for name, target in CHECKS.items():
        started = time.perf_counter()
        module, attribute = target.split(":")
        findings += getattr(import_module(module), attribute)(evidence)
        seconds[name] = time.perf_counter() - started
    return tuple(sorted(findings, key=lambda finding: -finding.score))


class _Seen:
    """The readable photos of a dataset; near-duplicates among them are looked for when first asked for."""

    def __init__(self, dataset: Dataset, found: Extracted, view: View) -> None:
        self.dataset = dataset
        self.found = found
        self.rows = np.flatnonzero(found.readable)
        self.keys = found.keys[self.rows]
        self.pixels = found.pixels(self.rows)
        self.embeddings = found.gather(self.rows, (view.only("embedding"),))

    @functools.cached_property
    def pairs(self) -> Pairs:
        return near_duplicates(self.pixels["sketch"], self.embeddings, self.keys)


def _gather(
    dataset: Dataset, found: Extracted, views: Sequence[View], splitting: Split | str, seed: int, *, kept: bool
) -> tuple[Evidence, _Learnt | None]:
    seen = _Seen(dataset, found, views[0])
    learnt = None
    if len(dataset.class_names) > 1 and not dataset.multi_label:
        try:
            learnt = _learn(seen, views, splitting, seed, keep_axes=kept)
        except FovealError as error:
            if error.code not in _NOT_LEARNABLE:
                raise
    evidence = Evidence(
        dataset=dataset,
        failures=found.failures,
        rows=seen.rows,
        keys=seen.keys,
        pixels=seen.pixels,
        embeddings=seen.embeddings,
        pairs=seen.pairs,
        judged=None if learnt is None else learnt.judged,
    )
    return evidence, learnt


def _learn(seen: _Seen, views: Sequence[View], splitting: Split | str, seed: int, *, keep_axes: bool) -> _Learnt:
    """Cross-validate on the photos to learn from, as `fit` would.

    Raises:
        FovealError: `one-class`, `too-few-groups`: not enough is left. `split-mismatch`.
    """
    dataset = seen.dataset
    of_training = np.flatnonzero((dataset.parts != PART_NAMES.index("test")) & (dataset.labels >= 0))
    training = dataset.take(of_training)
    kept = quarantine(training, seen.found.take(of_training))
    features = {"default": partial(seen.found.gather, of_training[kept.rows], views)}
    with turned_ahead(features, kept=keep_axes) as axes:
        at = np.searchsorted(seen.rows, of_training[kept.rows])
        if isinstance(splitting, Split):
            folds = folds_of(splitting, training, kept.rows, kept.labels, seed=seed)
        else:
            grouping = infer_groups(
                training,
                kept.rows,
                pixels=seen.pixels[at],
                embeddings=seen.embeddings[at],
                contents=kept.groups,
                pairs=seen.pairs.among(at),
                by=splitting,
            )
            folds = fold_photos(kept.labels, grouping, by=splitting, seed=seed)
        selection = select(
            axes, kept.labels, folds.numbers, classes=len(kept.class_names), probe="logistic", strengths=_STRENGTHS
        )
    probs = calibrate(selection.out_of_fold, kept.labels, folds.numbers, balance="none").out_of_fold
    protocol = f"out of fold, {selection.folds} folds"
    judged = Judged(
        at=at,
        labels=kept.labels,
        class_names=kept.class_names,
        probs=probs,
        logits=selection.out_of_fold,
        folds=folds.numbers,
        groups=folds.groups,
        problem=selection.problem,
        strength=selection.strength,
    )
    return _Learnt(judged, folds, measure(kept.labels, probs, kept.class_names, protocol=protocol))
