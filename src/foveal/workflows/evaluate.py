"""Measure a classifier on labelled photos it has not learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foveal.classifier.caution import Caution, check_learnt
from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.errors import FovealError
from foveal.evaluation.judged import judged, with_slices
from foveal.evaluation.measured import Measured
from foveal.evaluation.robustness import robustness as measure_robustness
from foveal.evaluation.speed import speed as measure_speed
from foveal.evaluation.trust_figures import COVERAGE, MAX_ERROR
from foveal.features.extract import AnyView, extract
from foveal.features.settings import Settings, open_cache
from foveal.trust.sets import HIGHEST, LOWEST
from foveal.types.evaluation import Evaluation
from foveal.types.finding import Finding
from foveal.types.multilabel_evaluation import Figures
from foveal.workflows.imagenet import imagenet_photos, protocol, with_real
from foveal.workflows.own_photos import own_photos
from foveal.workflows.predict import load
from foveal.workflows.quarantine import unreadable
from foveal.workflows.slices import slice_columns, views_for_slices


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to measure besides the usual figures.

    Args:
        slices: Columns by whose values the photos are sliced; see `foveal.workflows.slices`.
        slices_from: The table with these columns; None = what the photos were read from.
        path_column: The column of that table that names the photos; empty = one of a usual name.
        coverage: Of the prediction sets that are measured; None = `COVERAGE`, if the model has learnt any sets.
        max_error: Share of wrong answers that is asked for; None = `MAX_ERROR`, if the model has learnt thresholds.
        robustness: Whether up to 200 of the photos are measured again under corruptions and camera faults.
        speed: Whether speed, size and memory are measured here.

    Raises:
        FovealError: `bad-option`: a share out of its range.
    """

    slices: tuple[str, ...] = ()
    slices_from: Path | None = None
    path_column: str = ""
    coverage: float | None = None
    max_error: float | None = None
    robustness: bool = False
    speed: bool = False

    def __post_init__(self) -> None:
        Caution(max_error=self.max_error)
        if self.coverage is not None and not LOWEST <= self.coverage <= HIGHEST:
            raise FovealError(
                "bad-option",
                f"coverage: expected {LOWEST:g} to {HIGHEST:g}, got {self.coverage:g}",
                hint="choose one in that range",
            )

    def check(self, model: Classifier) -> None:
        """Refuse what cannot be measured of a model.

        Raises:
            FovealError: `bad-option`: of a model of any number of labels. `not-calibrated`: the model has learnt no
                sets or thresholds.
        """
        wanted = {
            "--slices": self.slices,
            "--coverage": self.coverage is not None,
            "--max-error": self.max_error is not None,
            "--robustness": self.robustness,
            "--speed": self.speed,
        }
        refused = [option for option, given in wanted.items() if given]
        if model.multi_label and refused:
            raise FovealError(
                "bad-option",
                f"{', '.join(refused)}: expected a model of one class a photo, got one of any number of labels",
                hint="leave it out" if len(refused) == 1 else "leave them out",
            )
        check_learnt(self.coverage, self.max_error, model.trust)


@dataclass(frozen=True)
class Evaluated:
    """What was measured, photo by photo, by which model, and what was left out of it."""

    model: Classifier
    measured: Measured
    findings: tuple[Finding, ...]

    @property
    def evaluation(self) -> Figures:
        """The figures."""
        return self.measured.figures


def evaluate(
    model: str | Path | Classifier,
    photos: str | Path | Dataset,
    *,
    slices: str | Sequence[str] = (),
    slices_from: str | Path | None = None,
    coverage: float | None = None,
    max_error: float | None = None,
    robustness: bool = False,
    speed: bool = False,
    settings: Settings | None = None,
) -> Figures:
    """Measure on labelled photos; see `evaluate_in_full`, of which this is the figures alone, and `Asked`."""
    asked = Asked(
        slices=(slices,) if isinstance(slices, str) else tuple(slices),
        slices_from=None if slices_from is None else Path(slices_from).expanduser(),
        coverage=coverage,
        max_error=max_error,
        robustness=robustness,
        speed=speed,
    )
    return evaluate_in_full(model, photos, asked, settings=settings).evaluation


def evaluate_in_full(
    model: str | Path | Classifier,
    photos: str | Path | Dataset,
    asked: Asked | None = None,
    *,
    settings: Settings | None = None,
) -> Evaluated:
    """Measure on labelled photos. Where the folder has a test/ part, only that is used.

    An ImageNet classifier is measured on ImageNet as published: classes are WordNet ids, the val part counts alone,
    and with `real.json` beside it the reassessed labels count too.

    Args:
        model: A classifier, or what `load` takes.
        photos: What `read` takes, with classes the model must know, or a dataset; unlabelled photos are passed over.
        asked: What to measure besides.
        settings: How to run.

    Raises:
        FovealError: `class-mismatch`, `task-mismatch`, `no-photos`, `unknown-name`, `no-columns`, `slices-mismatch`,
            and those of `read` and `load`.
    """
    asked, settings = asked or Asked(), settings or Settings()
    dataset = photos if isinstance(photos, Dataset) else read(photos)
    place = asked.slices_from or (dataset.root if isinstance(photos, Dataset) else Path(photos).expanduser())
    loaded = model if isinstance(model, Classifier) else load(model, photos=dataset.photos(), settings=settings)
    published = imagenet_photos(dataset, loaded)
    dataset = dataset.for_testing() if published is None else published
    dataset = dataset.select(dataset.labelled)
    loaded.check(dataset)
    asked.check(loaded)
    views: list[AnyView] = [*loaded.views, *views_for_slices(asked.slices)]
    with (
        open_cache(settings) as cache,
        extract(dataset.photos(), views, cache, engines=loaded.engines, progress=settings.progress) as found,
    ):
        measured = judged(
            loaded,
            dataset,
            found,
            title="labelled photos",
            protocol="labelled photos" if published is None else protocol(dataset),
            coverage=COVERAGE if asked.coverage is None else asked.coverage,
            max_error=MAX_ERROR if asked.max_error is None else asked.max_error,
        )
        if published is not None:
            measured = replace(measured, figures=with_real(measured.figures, dataset, found, loaded))
        if asked.slices:
            columns = slice_columns(asked.slices, place, dataset, found, measured.rows, path_column=asked.path_column)
            measured = with_slices(measured, columns)
        findings = (*dataset.findings, *unreadable(dataset, found), *own_photos(loaded, dataset, found))
    more = _more(loaded, model, measured, asked, settings)
    return Evaluated(loaded, replace(measured, figures=more), findings)


def _more(
    loaded: Classifier, model: str | Path | Classifier, measured: Measured, asked: Asked, settings: Settings
) -> Figures:
    """The figures with robustness and speed, where they were asked for."""
    figures = measured.figures
    if not isinstance(figures, Evaluation):
        return figures
    if asked.robustness:
        figures = replace(figures, robustness=dict(measure_robustness(loaded, measured, settings=settings)))
    if asked.speed:
        photos = [measured.dataset.photo(row) for row in measured.rows.tolist()]
        named = "auto" if isinstance(model, Classifier) else model
        figures = replace(figures, speed=dict(measure_speed(loaded, photos, model=named)))
    return figures
