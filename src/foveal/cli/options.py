"""Options that several verbs share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from foveal.cli.progress import PhotoProgress
    from foveal.data.dataset import Dataset
    from foveal.features.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON (keys: docs/json.md).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the result and errors.")]
Runtime = Annotated[str, typer.Option(help="auto (measured once on this machine), openvino or onnx.", metavar="NAME")]
Precision = Annotated[str, typer.Option(help="auto, f32, bf16 or int8.", metavar="NAME")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep features of earlier runs.")]
# whether photos may be read is for the library to say, as for anything else
Photos = Annotated[
    list[Path], typer.Argument(readable=False, help="Photos, and folders of photos (searched recursively).")
]
Model = Annotated[
    str, typer.Argument(help="A .foveal file, or 'imagenet' for the 1,000 ImageNet classes ('imagenet:lite2', …).")
]

Source = Annotated[
    str, typer.Option(help="Form of the photos: auto tells by itself; see docs/sources.md.", metavar="NAME")
]
Columns = Annotated[
    str, typer.Option(help="Columns of a table: label=species,path=file,group=patient.", metavar="ROLE=NAME,…")
]
Separator = Annotated[str, typer.Option(help="Between several labels of a photo in a table.", metavar="TEXT")]
LabelFrom = Annotated[
    str, typer.Option(help="Take the label from the file name: '{label}_{n}.jpg'.", metavar="PATTERN")
]
Classes = Annotated[
    str, typer.Option(help="Folders in class folders: auto, top (part of the class) or nested (classes of their own).")
]
Exclude = Annotated[
    Path | None, typer.Option(help="Leave out the photos that this file excludes (`check --quarantine` writes one).")
]
Relabel = Annotated[Path | None, typer.Option(help="Give the photos of this file the labels it says.")]
SplitBy = Annotated[
    str,
    typer.Option(
        "--split",
        help="What stays together: auto, none, kinds out of group,duplicates,frames,time,bursts, or a file that "
        "`foveal split` wrote.",
        metavar="HOW",
    ),
]


def dataset_of(
    photos: Path,
    *,
    source: str = "auto",
    columns: str = "",
    separator: str = "auto",
    label_from: str = "",
    classes: str = "auto",
    exclude: Path | None = None,
    relabel: Path | None = None,
) -> Dataset:
    """Labelled photos as the shared options say."""
    from foveal.data.options import ReadOptions
    from foveal.data.read import read

    options = ReadOptions(columns=columns_of(columns), separator=separator, label_from=label_from, classes=classes)
    return read(photos, source=source, options=options, exclude=exclude, relabel=relabel)


def columns_of(text: str) -> dict[str, str]:
    """Columns by role from "label=species,path=file".

    Raises:
        FovealError: `bad-option`.
    """
    from foveal.errors import FovealError

    pairs = [piece.partition("=") for piece in text.split(",") if piece]
    for role, equals, name in pairs:
        if not (role.strip() and equals and name.strip()):
            raise FovealError(
                "bad-option", f"--columns: expected role=name, got {text!r}", hint="as in --columns label=species"
            )
    return {role.strip(): name.strip() for role, _, name in pairs}


def settings_of(runtime: str, precision: str, no_cache: bool, progress: PhotoProgress) -> Settings:
    """Settings from the shared options."""
    from foveal.cli.output import say
    from foveal.features.settings import Settings

    def warn(text: str) -> None:
        say(f"warning: {text}", quiet=progress.quiet)

    return Settings(runtime=runtime, precision=precision, cache=not no_cache, progress=progress, warn=warn)
