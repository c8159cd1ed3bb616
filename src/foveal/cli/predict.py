"""`foveal predict`: what is on these photos?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foveal.cli.options import Json, Model, NoCache, Photos, Precision, Quiet, Runtime, settings_of

if TYPE_CHECKING:
    from foveal.types.classifications import Classifications


def predict(
    model: Model,
    photos: Photos,
    top: Annotated[int, typer.Option(min=1, help="How many classes to name for each photo, best first.")] = 1,
    csv: Annotated[bool, typer.Option("--csv", help="Print the result as CSV.")] = False,
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Recognise photos: with your own model, or among the 1,000 ImageNet classes.

    Exits with 1 when no photo could be read.

    Example: foveal predict clothes.foveal new.jpg more/ --top 3
    """
    from foveal.cli.output import result_json
    from foveal.cli.progress import PhotoProgress
    from foveal.errors import FovealError
    from foveal.workflows.predict import predict as run

    if csv and json:
        raise FovealError("bad-option", "expected --json or --csv, got both", hint="choose one")
    with PhotoProgress("recognising", quiet=quiet) as progress:
        found = run(model, photos, settings=settings_of(runtime, precision, no_cache, progress))
    if json:
        result_json({"model": model, "photos": found.to_records(top)})
    elif csv:
        _csv(found, top)
    else:
        _text(found, top)
    if all(found.errors):
        raise typer.Exit(1)


def _text(found: Classifications, top: int) -> None:
    from foveal.cli.output import failure, result, say
    from foveal.types.text import printable

    lines = []
    for record in found.to_records(top):
        if record["error"]:
            say(f"error: {failure(record['path'], record['error'])}")
        else:
            classes = "  ".join(f"{each['prob']:6.1%} {printable(each['label'])}" for each in _named(record, top))
            lines.append(f"{printable(record['path'])}  {classes or 'none of the classes'}")
    if lines:
        result("\n".join(lines))


def _named(record: dict[str, Any], top: int) -> list[dict[str, Any]]:
    """The classes to name: the most probable, or of any number of labels those the photo is said to show."""
    named: list[dict[str, Any]] = record["labels"] if "labels" in record and top == 1 else record["top"]
    return named


def _csv(found: Classifications, top: int) -> None:
    import csv
    import io

    from foveal.cli.output import result
    from foveal.types.text import printable

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    top = min(top, len(found.class_names))
    header = [name for rank in range(1, top + 1) for name in (f"label_{rank}", f"prob_{rank}")]
    writer.writerow(["path", *(["labels"] if found.multi_label else []), *header, "error"])
    for record in found.to_records(top):
        cells = [cell for each in record["top"] for cell in (printable(each["label"]), f"{each['prob']:.6f}")]
        cells += [""] * (len(header) - len(cells))
        if found.multi_label:
            cells = ["|".join(printable(each["label"]) for each in record["labels"]), *cells]
        writer.writerow([printable(record["path"]), *cells, printable(record["error"] or "")])
    result(text.getvalue().rstrip("\n"))
