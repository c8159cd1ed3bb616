"""`foveal evaluate`: how good is this model on these photos?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.options import (
    Classes,
    Columns,
    Exclude,
    Json,
    LabelFrom,
    Model,
    NoCache,
    Precision,
    Quiet,
    Relabel,
    Runtime,
    Separator,
    Source,
    dataset_of,
    settings_of,
)


def evaluate(
    model: Model,
    photos: Annotated[
        Path | None,
        typer.Argument(
            readable=False,
            help="Labelled photos: a folder per class (test/ inside counts alone), a table, an archive, ImageNet.",
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The same, as an option.", metavar="PHOTOS")] = None,
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
    """Measure a model on labelled photos it has not learnt from.

    Example: foveal evaluate clothes.foveal photos_test/

    Example: foveal evaluate imagenet --data ILSVRC2012/
    """
    from foveal.cli.output import result, result_json, show_findings
    from foveal.cli.progress import PhotoProgress
    from foveal.errors import FovealError
    from foveal.workflows.evaluate import evaluate_with_findings

    chosen = photos or data
    if chosen is None or (photos and data):
        got = "none" if chosen is None else "both"
        raise FovealError("bad-option", f"expected PHOTOS or --data PHOTOS, got {got}", hint="name the photos once")
    with PhotoProgress("looking at photos", quiet=quiet) as progress:
        dataset = dataset_of(
            chosen,
            source=source,
            columns=columns,
            separator=separator,
            label_from=label_from,
            classes=classes,
            exclude=exclude,
            relabel=relabel,
        )
        done = evaluate_with_findings(model, dataset, settings=settings_of(runtime, precision, no_cache, progress))
    if json:
        findings = [finding.to_dict() for finding in done.findings]
        result_json({"model": model, "evaluation": done.evaluation.to_dict(), "findings": findings})
        return
    show_findings(done.findings, quiet=quiet)
    result(done.evaluation.summary())
