"""`foveal embed`: photos to vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.options import Json, NoCache, Photos, Precision, Quiet, Runtime, settings_of


def embed(
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, .npz or .parquet.", metavar="FILE")],
    backbone: Annotated[str, typer.Option(help="auto, or names with commas between (see `foveal models`).")] = "auto",
    taps: Annotated[bool, typer.Option("--taps", help="Add the pooled outputs of earlier stages.")] = False,
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the features of photos to a file.

    Example: foveal embed photos/ --out vectors.npz
    """
    from foveal.cli.output import failure, result, result_json, say
    from foveal.cli.progress import PhotoProgress
    from foveal.types.text import counted
    from foveal.workflows.embed import embed as run

    with PhotoProgress("embedding", quiet=quiet) as progress:
        settings = settings_of(runtime, precision, no_cache, progress)
        found = run(photos, out=out, backbone=backbone, taps=taps, settings=settings)
    left_out = [{"path": path, "error": reason} for path, reason in found.errors]
    rows, columns = found.vectors.shape
    if json:
        layout = [{"output": name, "columns": width} for name, width in found.layout]
        result_json(
            {
                "file": str(out),
                "photos": rows,
                "columns": columns,
                "dtype": str(found.vectors.dtype),
                "backbone": found.backbone,
                "layout": layout,
                "left_out": left_out,
            }
        )
        return
    for each in left_out:
        say(f"error: left out {failure(each['path'], each['error'])}")
    result(f"{out}: {counted(rows, 'photo')} × {columns:,} columns of {found.backbone}")
