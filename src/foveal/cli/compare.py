"""`foveal compare`: which of two models is better, and can these photos tell?"""

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


def compare(
    first: Annotated[str, typer.Argument(help="A .foveal file, or 'imagenet'.", metavar="A")],
    second: Annotated[str, typer.Argument(help="The one it is compared with.", metavar="B")],
    photos: Annotated[
        Path, typer.Argument(readable=False, help="Labelled photos that neither has learnt from (test/ counts alone).")
    ],
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
    """Put two models side by side on the same labelled photos: a paired test, and the photos that changed.

    Example: foveal compare old.foveal new.foveal photos_test/
    """
    from foveal.cli.output import result, result_json, show_findings
    from foveal.cli.progress import PhotoProgress
    from foveal.workflows.compare import compare_in_full

    with PhotoProgress("looking at photos", quiet=quiet) as progress:
        dataset = dataset_of(
            photos,
            source=source,
            columns=columns,
            separator=separator,
            label_from=label_from,
            classes=classes,
            exclude=exclude,
            relabel=relabel,
        )
        settings = settings_of(runtime, precision, no_cache, progress)
        done = compare_in_full(first, second, dataset, settings=settings)
    if json:
        findings = [finding.to_dict() for finding in done.findings]
        result_json({**done.comparison.to_dict(), "findings": findings})
        return
    show_findings(done.findings, quiet=quiet)
    result(done.comparison.summary())
