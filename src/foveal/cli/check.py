"""`foveal check`: what is wrong with these photos and labels?"""

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
    SplitBy,
    columns_of,
    settings_of,
)


def check(
    photos: Annotated[
        Path, typer.Argument(readable=False, help="Photos, labelled or not: a folder, a table, an archive, …")
    ],
    html: Annotated[Path | None, typer.Option(help="Write a report to look at, with pictures.", metavar="FILE")] = None,
    quarantine: Annotated[
        Path | None, typer.Option(help="Write what to do with each photo, to be edited.", metavar="FILE.csv")
    ] = None,
    apply: Annotated[
        Path | None, typer.Option(help="Check as if what this file says had been done.", metavar="FILE.csv")
    ] = None,
    split: SplitBy = "auto",
    exclude: Exclude = None,
    relabel: Relabel = None,
    source: Source = "auto",
    columns: Columns = "",
    separator: Separator = "auto",
    label_from: LabelFrom = "",
    classes: Classes = "auto",
    seed: Annotated[int, typer.Option(help="Decides which photos share a fold.")] = 0,
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look for what is wrong before learning: damage, copies, leaks, wrong labels, shortcuts. Changes no photo.

    Example: foveal check photos/ --html check.html --quarantine quarantine.csv
    """
    from foveal.cli.output import result, result_json, say, show_findings
    from foveal.cli.progress import PhotoProgress
    from foveal.data.options import ReadOptions
    from foveal.workflows.check import check as run
    from foveal.workflows.check import read_for_check

    _check_files(html, quarantine, edits_given=apply is not None and (exclude is not None or relabel is not None))
    with PhotoProgress("looking at photos", quiet=quiet) as progress:
        dataset = read_for_check(
            photos,
            source=source,
            options=ReadOptions(
                columns=columns_of(columns), separator=separator, label_from=label_from, classes=classes
            ),
            exclude=exclude or apply,
            relabel=relabel or apply,
        )
        report = run(dataset, split=split, seed=seed, settings=settings_of(runtime, precision, no_cache, progress))
    if quarantine is not None:
        report.save_quarantine(quarantine)
    if html is not None:
        from foveal.reports.data_html import write_html

        write_html(report, html)
    if json:
        result_json(report.to_dict())
        return
    show_findings(report.notes, quiet=quiet)
    result(report.summary())
    for name, target in (("report", html), ("quarantine", quarantine)):
        if target is not None:
            say(f"{name:<11}{target}", quiet=quiet)
    say(f"{'time':<11}{report.seconds['total']:.1f} s", quiet=quiet)


def _check_files(html: Path | None, quarantine: Path | None, *, edits_given: bool) -> None:
    """Refuse what could not be written, or would overwrite, before the work is done rather than after."""
    from foveal.data.edits import COLUMNS
    from foveal.errors import FovealError
    from foveal.workflows.target import check_page, check_replaceable

    if edits_given:
        raise FovealError(
            "bad-option",
            "--apply: expected to stand alone, got --exclude or --relabel beside it",
            hint="--apply FILE is --exclude FILE and --relabel FILE at once: leave one of them out",
        )
    if html is not None and html == quarantine:
        raise FovealError(
            "bad-option",
            f"--html and --quarantine: expected two files, got {html} for both",
            hint="name one check.html and the other quarantine.csv",
        )
    if html is not None:
        check_page(html, example="check.html")
    if quarantine is not None:
        check_replaceable(quarantine, example="check.csv", option="--quarantine", start=",".join(COLUMNS).encode())
