"""`foveal split`: divide photos into folds that do not leak."""

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
    Quiet,
    Relabel,
    Separator,
    Source,
    dataset_of,
    settings_of,
)


def split(
    photos: Annotated[
        Path, typer.Argument(readable=False, help="Labelled photos: a folder per class, a table, an archive, …")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.", metavar="FILE.csv")],
    by: Annotated[
        str, typer.Option(help="What stays together: auto, none, or kinds out of group,duplicates,frames,time,bursts.")
    ] = "auto",
    folds: Annotated[int, typer.Option(min=0, help="How many folds; 0 for what suits the photos.")] = 0,
    seed: Annotated[int, typer.Option(help="Decides which photos share a fold.")] = 0,
    exclude: Exclude = None,
    relabel: Relabel = None,
    source: Source = "auto",
    columns: Columns = "",
    separator: Separator = "auto",
    label_from: LabelFrom = "",
    classes: Classes = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Divide photos into folds: classes spread evenly, and what belongs together on one side. Copies nothing.

    Example: foveal split photos/ --out split.csv && foveal fit photos/ --split split.csv --out model.foveal
    """
    import numpy as np

    from foveal.cli.output import result, result_json
    from foveal.cli.progress import PhotoProgress
    from foveal.data.splits import count_grouped
    from foveal.types.text import counted
    from foveal.workflows.split import split as run
    from foveal.workflows.target import check_replaceable

    check_replaceable(out, example="split.csv", option="--out", start=b"path,fold,group")
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
        done = run(
            dataset, by=by, folds=folds or "auto", seed=seed, settings=settings_of("auto", "auto", no_cache, progress)
        )
    done.save(out)
    sizes = np.bincount(done.folds).tolist()
    _, counts = np.unique(done.groups, return_counts=True)
    grouped = count_grouped(done.groups)
    if json:
        result_json(
            {"split": str(out), "photos": len(done), "folds": sizes, "groups": len(counts), "grouped_photos": grouped}
        )
        return
    result(f"{len(done):,} photos in {len(sizes)} folds of {min(sizes):,} to {max(sizes):,}")
    groups = counted(int((counts > 1).sum()), "group")
    result(f"{grouped:,} photos stay together with others, in {groups}")
