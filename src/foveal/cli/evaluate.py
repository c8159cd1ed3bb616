"""`foveal evaluate`: how good is this model on these photos?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    columns_of,
    dataset_of,
    settings_of,
)

if TYPE_CHECKING:
    from foveal.workflows.evaluate import Evaluated

Slices = Annotated[
    str,
    typer.Option(
        help="Measure by camera, month, size, shape, format, light, sharpness, folder, or columns of a table.",
        metavar="COLUMN,…",
    ),
]
SlicesFrom = Annotated[Path | None, typer.Option(help="Table with these columns, if PHOTOS is none.", metavar="TABLE")]
Coverage = Annotated[float | None, typer.Option(help="Of the prediction sets that are measured (0.95).")]
MaxError = Annotated[float | None, typer.Option(help="Share of wrong answers that is asked for (0.02).")]
Robustness = Annotated[
    bool, typer.Option("--robustness", help="Measure up to 200 photos under 15 corruptions and camera faults.")
]
Speed = Annotated[bool, typer.Option("--speed", help="Measure speed, size and memory on this machine.")]
Html = Annotated[Path | None, typer.Option(help="Write a page with everything.", metavar="FILE.html")]


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
    slices: Slices = "",
    slices_from: SlicesFrom = None,
    coverage: Coverage = None,
    max_error: MaxError = None,
    robustness: Robustness = False,
    speed: Speed = False,
    html: Html = None,
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
    from foveal.cli.progress import PhotoProgress
    from foveal.workflows.evaluate import Asked, evaluate_in_full
    from foveal.workflows.target import check_page

    chosen = _named_once(photos, data)
    asked = Asked(
        slices=_columns(slices, slices_from),
        slices_from=slices_from or chosen,
        path_column="" if slices_from else columns_of(columns).get("path", ""),
        coverage=coverage,
        max_error=max_error,
        robustness=robustness,
        speed=speed,
    )
    if html is not None:
        check_page(html, example="report.html")
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
        done = evaluate_in_full(model, dataset, asked, settings=settings_of(runtime, precision, no_cache, progress))
    _show(done, model, html, json=json, quiet=quiet)


def _columns(slices: str, slices_from: Path | None) -> tuple[str, ...]:
    """The columns to slice by; a table to take them from is of no use without any."""
    from foveal.errors import FovealError

    names = tuple(name.strip() for name in slices.split(",") if name.strip())
    if slices_from is not None and not names:
        raise FovealError(
            "bad-option",
            f"--slices-from {slices_from}: expected --slices COLUMN beside it, got none",
            hint="name the columns of that table to slice by, as in --slices site",
        )
    return names


def _called(model: str) -> str:
    """What a page calls the model: its file without the ending, or "imagenet"."""
    return Path(model).name.removesuffix(".foveal")


def _named_once(photos: Path | None, data: Path | None) -> Path:
    from foveal.errors import FovealError

    chosen = photos or data
    if chosen is None or (photos and data):
        got = "none" if chosen is None else "both"
        raise FovealError("bad-option", f"expected PHOTOS or --data PHOTOS, got {got}", hint="name the photos once")
    return chosen


def _show(done: Evaluated, model: str, html: Path | None, *, json: bool, quiet: bool) -> None:
    from foveal.cli.output import result, result_json, say, show_findings
    from foveal.cli.sections import shown

    if html is not None:
        from foveal.reports.model_html import write_model_html
        from foveal.reports.model_report import ModelReport

        write_model_html(ModelReport(done.model, (done.measured,), done.findings, name=_called(model)), html)
    if json:
        findings = [finding.to_dict() for finding in done.findings]
        result_json({"model": model, "evaluation": done.evaluation.to_dict(), "findings": findings})
        return
    show_findings(done.findings, quiet=quiet)
    result(shown(done.evaluation))
    if html is not None:
        say(f"\nreport  {html}", quiet=quiet)
