"""`foveal convert`: write photos in another form."""

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
    Quiet,
    Relabel,
    Separator,
    Source,
    columns_of,
)


def convert(
    photos: Annotated[
        Path, typer.Argument(readable=False, help="Photos: a folder per class, a table, an archive, shards, …")
    ],
    to: Annotated[str, typer.Option(help="folder, csv, parquet or webdataset.", metavar="FORM")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; new or empty.", metavar="DIR")],
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="Take every photo, and no labels.")] = False,
    exclude: Exclude = None,
    relabel: Relabel = None,
    source: Source = "auto",
    columns: Columns = "",
    separator: Separator = "auto",
    label_from: LabelFrom = "",
    classes: Classes = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write photos and their labels in another form. Originals stay as they are; links are used where they can be.

    Example: foveal convert photos.zip --to folder --out photos/
    """
    from foveal.cli.output import failure, result, result_json, say, show_findings
    from foveal.cli.progress import PhotoProgress
    from foveal.data.options import ReadOptions
    from foveal.data.read import NO_CLASSES, read
    from foveal.errors import FovealError
    from foveal.types.text import counted
    from foveal.workflows.convert import convert as run

    options = ReadOptions(
        labelled=not unlabelled,
        columns=columns_of(columns),
        separator=separator,
        label_from=label_from,
        classes=classes,
    )
    with PhotoProgress("writing", quiet=quiet) as progress:
        try:
            dataset = read(photos, source=source, options=options, exclude=exclude, relabel=relabel)
        except FovealError as error:
            if error.code in NO_CLASSES:
                error.hint += "\nor take every photo without a label: --unlabelled"
            raise
        done = run(dataset, to=to, out=out, progress=progress)
    if json:
        result_json(done.to_dict())
        return
    show_findings(done.findings, quiet=quiet)
    for path, why in done.left_out:
        say(f"error: left out {failure(path, why)}")
    result(f"{done.folder}: {counted(done.photos, 'photo')} as {done.to}")
