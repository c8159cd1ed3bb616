"""Options that several verbs share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from foveal.cli.progress import PhotoProgress
    from foveal.features.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON (keys: docs/json.md).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the result and errors.")]
Runtime = Annotated[str, typer.Option(help="auto (measured once on this machine), openvino or onnx.", metavar="NAME")]
Precision = Annotated[str, typer.Option(help="auto, f32, bf16 or int8.", metavar="NAME")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep features of earlier runs.")]
Photos = Annotated[list[Path], typer.Argument(help="Photos, and folders of photos (searched recursively).")]
Model = Annotated[
    str, typer.Argument(help="A .foveal file, or 'imagenet' for the 1,000 ImageNet classes ('imagenet:lite2', …).")
]


def settings_of(runtime: str, precision: str, no_cache: bool, progress: PhotoProgress) -> Settings:
    """Settings from the shared options."""
    from foveal.cli.output import say
    from foveal.features.settings import Settings

    def warn(text: str) -> None:
        say(f"warning: {text}", quiet=progress.quiet)

    return Settings(runtime=runtime, precision=precision, cache=not no_cache, progress=progress, warn=warn)
