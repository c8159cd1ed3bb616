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
    from foveal.classifier.classifier import Classifier


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
    from foveal.workflows.fit import fit as run
    from foveal.workflows.report import check_target, report_path, write_report

    check_target(out)
    read = partial(
        dataset_of, source=source, columns=columns, separator=separator, label_from=label_from, classes=classes
    )
    with PhotoProgress("looking at photos", quiet=quiet) as progress:
        model = run(
            read(photos, exclude=exclude, relabel=relabel),
            test=None if test is None else read(test),
            backbone=backbone,
            effort=effort,
            probe=probe,
            balance=balance,
            split=split,
            seed=seed,
            settings=settings_of(runtime, precision, no_cache, progress),
        )
    model.save(out)
    write_report(model, report_path(out))
    _show(model, out, json=json, quiet=quiet)


def _show(model: Classifier, out: Path, *, json: bool, quiet: bool) -> None:
    from foveal.cli.output import result, result_json, say, show_findings
    from foveal.types.finding import Finding
    from foveal.workflows.report import render, report_path

    findings = [Finding(**{**each, "paths": tuple(each["paths"])}) for each in model.record["findings"]]
    show_findings(findings, quiet=quiet or json)
    if json:
        result_json({"model": str(out), "report": str(report_path(out)), **model.record})
        return
    result(render(model))
    say(f"\nmodel   {out}\nreport  {report_path(out)}\ntime    {model.record['seconds']['total']:.1f} s", quiet=quiet)
