"""`foveal fit`: a folder of labelled photos becomes a model file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foveal.cli.options import (
    Classes,
    Columns,
    Exclude,
    Json,
    LabelFrom,
    NoCache,
    Precision,
    Quiet,
    Relabel,
    Runtime,
    Separator,
    Source,
    SplitBy,
    dataset_of,
    settings_of,
)

if TYPE_CHECKING:
    from foveal.workflows.fit import Fit


def fit(
    photos: Annotated[
        Path, typer.Argument(readable=False, help="Labelled photos: a folder per class, a table, an archive, …")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model file to write.", metavar="FILE.foveal")],
    test: Annotated[Path | None, typer.Option(help="Labelled photos to measure on, once, at the end.")] = None,
    backbone: Annotated[str, typer.Option(help="auto, or names with commas between (see `foveal models`).")] = "auto",
    effort: Annotated[str, typer.Option(help="low, default or high: how long to look for accuracy.")] = "default",
    probe: Annotated[str, typer.Option(help="auto, logistic, ridge or means.")] = "auto",
    balance: Annotated[str, typer.Option(help="auto helps rare classes where it pays; none never does.")] = "auto",
    seed: Annotated[int, typer.Option(help="Decides which photos share a fold.")] = 0,
    split: SplitBy = "auto",
    budget: Annotated[
        str | None,
        typer.Option(help="Time to spend, as in 10m: goes on to fine-tuning, and keeps the better.", metavar="TIME"),
    ] = None,
    evidence: Annotated[
        bool,
        typer.Option("--evidence", help="Keep small pictures of some photos in the model, for `foveal explain`."),
    ] = False,
    exclude: Exclude = None,
    relabel: Relabel = None,
    source: Source = "auto",
    columns: Columns = "",
    separator: Separator = "auto",
    label_from: LabelFrom = "",
    classes: Classes = "auto",
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn to recognise the classes of a folder of photos, and say how well.

    Example: foveal fit photos/ --out clothes.foveal
    """
    from foveal.cli.progress import PhotoProgress
    from foveal.cli.train_progress import TrainProgress
    from foveal.types.duration import seconds_of
    from foveal.workflows.fit import fit_in_full
    from foveal.workflows.recipe import Recipe
    from foveal.workflows.report import check_target
    from foveal.workflows.spend import fit_within

    recipe = Recipe(backbone=backbone, effort=effort, probe=probe, balance=balance, seed=seed, evidence=evidence)
    check_target(out)
    read = partial(
        dataset_of, source=source, columns=columns, separator=separator, label_from=label_from, classes=classes
    )
    budget_s = None if budget is None else seconds_of(budget)
    with PhotoProgress("looking at photos", quiet=quiet) as progress, TrainProgress(quiet=quiet) as trained:
        fit_it = fit_in_full if budget_s is None else partial(fit_within, budget_s=budget_s, listener=trained)
        fitted = fit_it(
            read(photos, exclude=exclude, relabel=relabel),
            recipe,
            test=None if test is None else read(test),
            split=split,
            settings=settings_of(runtime, precision, no_cache, progress),
        )
    fitted.model.save(out)
    reports = _written(fitted, out)
    _show(fitted, out, reports, json=json, quiet=quiet)


def _written(fitted: Fit, out: Path) -> list[Path]:
    """Write the reports beside the model; where that fails the message says that the model is safe."""
    from foveal.errors import FovealError
    from foveal.reports.model_report import ModelReport
    from foveal.workflows.report import write_reports

    model = fitted.model
    measured = tuple(reversed(fitted.measured))  # test photos, where there are any, tell most
    report = ModelReport(model, measured, learning_curve=model.record["learning_curve"])
    try:
        return write_reports(model, out, report)
    except FovealError as error:
        error.hint = f"the model was written, {out}; only its report is missing: {error.hint}"
        raise


def _show(fitted: Fit, out: Path, reports: list[Path], *, json: bool, quiet: bool) -> None:
    from foveal.cli.output import result, result_json, say, show_findings
    from foveal.reports.training_section import budget_told
    from foveal.workflows.report import render

    model = fitted.model
    show_findings(fitted.findings, quiet=quiet or json)
    page, card, card_json = map(str, reports)
    if json:
        files = {"model": str(out), "report": page, "card": card, "card_json": card_json}
        result_json({**files, **model.record})
        return
    spent = budget_told(model.record)
    result("\n\n".join([render(model), *([spent] if spent else [])]))
    say(
        f"\nmodel   {out}\nreport  {page}\ncard    {card}\ntime    {model.record['seconds']['total']:.1f} s",
        quiet=quiet,
    )
