"""`foveal fit`: a folder of labelled photos becomes a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.options import Json, NoCache, Precision, Quiet, Runtime, settings_of


def fit(
    photos: Annotated[Path, typer.Argument(help="A folder per class, or train/ (and val/, test/) with them inside.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model file to write.", metavar="FILE.foveal")],
    test: Annotated[Path | None, typer.Option(help="Labelled photos to measure on, once, at the end.")] = None,
    backbone: Annotated[str, typer.Option(help="auto, or names with commas between (see `foveal models`).")] = "auto",
    effort: Annotated[str, typer.Option(help="low, default or high: how long to look for accuracy.")] = "default",
    probe: Annotated[str, typer.Option(help="auto, logistic, ridge or means.")] = "auto",
    balance: Annotated[str, typer.Option(help="auto helps rare classes where it pays; none never does.")] = "auto",
    seed: Annotated[int, typer.Option(help="Decides which photos share a fold.")] = 0,
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn to recognise the classes of a folder of photos, and say how well.

    Example: foveal fit photos/ --out clothes.foveal
    """
    from foveal.cli.output import result, result_json, say, show_findings
    from foveal.cli.progress import PhotoProgress
    from foveal.types.finding import Finding
    from foveal.workflows.fit import fit as run
    from foveal.workflows.report import check_target, render, report_path, write_report

    check_target(out)
    with PhotoProgress("looking at photos", quiet=quiet) as progress:
        model = run(
            photos,
            test=test,
            backbone=backbone,
            effort=effort,
            probe=probe,
            balance=balance,
            seed=seed,
            settings=settings_of(runtime, precision, no_cache, progress),
        )
    model.save(out)
    write_report(model, report_path(out))
    findings = [Finding(**{**each, "paths": tuple(each["paths"])}) for each in model.record["findings"]]
    show_findings(findings, quiet=quiet or json)
    if json:
        result_json({"model": str(out), "report": str(report_path(out)), **model.record})
        return
    result(render(model))
    say(f"\nmodel   {out}\nreport  {report_path(out)}\ntime    {model.record['seconds']['total']:.1f} s", quiet=quiet)
