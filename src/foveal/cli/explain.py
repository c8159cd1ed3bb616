"""`foveal explain`: where on a photo did the model see its answer?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foveal.cli.options import Json, Model, Photos, Precision, Quiet, Runtime, settings_of
from foveal.errors import FovealError

if TYPE_CHECKING:
    from foveal.explainers.gallery import Gallery


def explain(
    model: Model,
    photos: Photos,
    method: Annotated[
        str,
        typer.Option(
            help="auto, cam (exact and quick), occlusion or rise (any network); gradcam or integrated-gradients.",
            metavar="NAME",
        ),
    ] = "auto",
    class_name: Annotated[
        str, typer.Option("--class", help="The class to explain instead of the answer.", metavar="NAME")
    ] = "auto",
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Show the nearest photos it was fitted on (`fit --evidence`).")
    ] = False,
    patch: Annotated[
        bool, typer.Option("--patch", help="Find the smallest patch that changes the answer when hidden.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write the pictures into.", metavar="DIR")
    ] = None,
    no_grade: Annotated[bool, typer.Option("--no-grade", help="Do not compare the maps with random ones.")] = False,
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show where on photos the model saw its answer, and whether such a map is better than chance.

    With --evidence or --patch, other answers to why: the photos that decided, or what would change its mind.

    Exits with 1 when no photo could be read.

    Example: foveal explain clothes.foveal new.jpg --out maps/
    """
    from foveal.cli.output import result_json, say
    from foveal.cli.progress import PhotoProgress
    from foveal.types.text import counted
    from foveal.workflows.explain import explain as run
    from foveal.workflows.reasons import evidence as find_evidence
    from foveal.workflows.reasons import smallest_patch

    _check(evidence + patch + (method != "auto" or class_name != "auto" or no_grade), out)
    with PhotoProgress("explaining", quiet=quiet) as progress:
        settings = settings_of(runtime, precision, False, progress)
        if evidence:
            found: Gallery = find_evidence(model, photos, settings=settings)
        elif patch:
            found = smallest_patch(model, photos, settings=settings)
        else:
            found = run(model, photos, method=method, class_name=class_name, grade=not no_grade, settings=settings)
    written = [] if out is None else found.save(out)
    if json:
        what = "photos" if evidence or patch else "maps"
        files = list(map(str, written))
        result_json({"model": model, "method": found.method, what: found.to_records(), "files": files})
    else:
        _print(found)
        if out is not None:
            say(f"{counted(len(written), 'picture')} in {out}", quiet=quiet)
    if all(found.errors):
        raise typer.Exit(1)


def _check(kinds: int, out: Path | None) -> None:
    """Refuse options that do not fit together before anything is loaded."""
    if kinds > 1:
        raise FovealError(
            "bad-option",
            "--evidence, --patch, --method, --class and --no-grade: expected one kind of explanation, got several",
            hint="run it once for each; --method, --class and --no-grade are for maps",
        )
    if out is not None and out.is_file():
        raise FovealError(
            "bad-option",
            f"--out: expected a folder for the pictures, got the file {out}",
            hint="name a folder; it is made where there is none",
        )


def _print(found: Gallery) -> None:
    """A line for each explanation, and one on stderr for each photo that could not be read."""
    from foveal.cli.output import failure, result, say
    from foveal.types.text import printable

    for path, error in zip(found.paths, found.errors, strict=True):
        if error is not None:
            say(f"error: {failure(path, error)}")
    lines = [f"{printable(path)}  {found.said(row)}" for row, path in enumerate(found.paths) if not found.errors[row]]
    if lines:
        result("\n".join(lines))
