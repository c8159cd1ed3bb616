"""`foveal predict`: what is on these photos?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foveal.cli.options import Json, Model, NoCache, Photos, Precision, Quiet, Runtime, settings_of

if TYPE_CHECKING:
    from foveal.types.classifications import Classifications


_MOST_OF_A_SET = 10


def predict(
    model: Model,
    photos: Photos,
    top: Annotated[int, typer.Option(min=1, help="How many classes to name for each photo, best first.")] = 1,
    coverage: Annotated[
        float | None,
        typer.Option(help="Name the set of classes that holds the true one at this rate, such as 0.95."),
    ] = None,
    max_error: Annotated[
        float | None,
        typer.Option(help="Answer only where at most this share of the answers is wrong, such as 0.02."),
    ] = None,
    sure: Annotated[
        float | None,
        typer.Option(help="Answer only with a class, or group of classes, at least this probable."),
    ] = None,
    unknown: Annotated[
        str, typer.Option(help="auto answers 'unknown' for photos unlike anything learnt from; never does not.")
    ] = "auto",
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

    Example: foveal predict clothes.foveal new/ --max-error 0.02
    """
    from foveal.cli.output import result_json
    from foveal.cli.progress import PhotoProgress
    from foveal.errors import FovealError
    from foveal.workflows.predict import predict as run

    if csv and json:
        raise FovealError("bad-option", "expected --json or --csv, got both", hint="choose one")
    with PhotoProgress("recognising", quiet=quiet) as progress:
        found = run(
            model,
            photos,
            coverage=coverage,
            max_error=max_error,
            sure=sure,
            unknown=unknown,
            settings=settings_of(runtime, precision, no_cache, progress),
        )
    if json:
        result_json({"model": model, "photos": found.to_records(top)})
    elif csv:
        _csv(found, top)
    else:
        _text(found, top)
    if any(found.doubts) and not json:
        _say_answered(found, quiet=quiet)
    if all(found.errors):
        raise typer.Exit(1)


def _say_answered(found: Classifications, *, quiet: bool) -> None:
    """How many photos got an answer, beside the result."""
    from foveal.cli.output import say
    from foveal.types.classifications import UNKNOWN

    read = [row for row, error in enumerate(found.errors) if error is None]
    answers = found.answers
    unknown = sum(found.doubts[row] is not None and answers[row] == UNKNOWN for row in read)
    broader = sum(found.doubts[row] is not None and answers[row] != UNKNOWN for row in read)
    group = f", {broader:,} of them with a group" if broader else ""
    share = (len(read) - unknown) / len(read)
    answered = f"answered {len(read) - unknown:,} of {len(read):,} photos ({share:.1%}){group}"
    say(f"{answered}; {unknown:,} unknown", quiet=quiet)


def _text(found: Classifications, top: int) -> None:
    from foveal.cli.output import failure, result, say
    from foveal.types.text import printable

    lines = []
    for record in found.to_records(top):
        if record["error"]:
            say(f"error: {failure(record['path'], record['error'])}")
        else:
            lines.append(f"{printable(record['path'])}  {_said(record, top)}")
    if lines:
        result("\n".join(lines))


def _said(record: dict[str, Any], top: int) -> str:
    """What is said of one photo: classes with their probabilities, or why none is named."""
    from foveal.types.text import printable

    named = record.get("set") or _named(record, top)
    most = _MOST_OF_A_SET if record.get("set") else len(named)
    classes = "  ".join(f"{each['prob']:6.1%} {printable(each['label'])}" for each in named[:most])
    classes = classes or "none of the classes"
    if len(named) > most:
        classes += f"  and {len(named) - most:,} more (--json and --csv name all)"
    if record.get("reason") is None:
        return classes
    return f"{printable(record['answer'])} ({printable(record['reason'])}; best guess {classes.strip()})"


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
    more = [*(["answer", "reason"] if found.doubts else []), *(["set"] if found.sets is not None else [])]
    writer.writerow(["path", *(["labels"] if found.multi_label else []), *header, "error", *more])
    for record in found.to_records(top):
        cells = [cell for each in record["top"] for cell in (printable(each["label"]), f"{each['prob']:.6f}")]
        cells += [""] * (len(header) - len(cells))
        if found.multi_label:
            cells = ["|".join(printable(each["label"]) for each in record["labels"]), *cells]
        said = [record["answer"] or "", record["reason"] or ""] if found.doubts else []
        if found.sets is not None:
            said.append("|".join(each["label"] for each in record["set"]))
        writer.writerow([printable(record["path"]), *cells, *map(printable, [record["error"] or "", *said])])
    result(text.getvalue().rstrip("\n"))
