"""`foveal describe`: what a network is made of, and what it sees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foveal.cli.options import Json, NoCache, Precision, Quiet, Runtime, settings_of

if TYPE_CHECKING:
    from foveal.workflows.describe import Described


def describe(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|BACKBONE", help="A .foveal file, a backbone (see `foveal models`), or an .onnx file."
        ),
    ],
    layers: Annotated[str, typer.Option(help="stages, convolutions or all.", metavar="WHICH")] = "convolutions",
    drawing: Annotated[Path | None, typer.Option(help="Draw the network: .png, .svg or .pdf.", metavar="FILE")] = None,
    kernels: Annotated[
        Path | None, typer.Option(help="Show the first layer's kernels: .png, .svg or .pdf.", metavar="FILE")
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(readable=False, help="Show what each stage makes of this photo (into --out).", metavar="PHOTO"),
    ] = None,
    channel: Annotated[
        str, typer.Option(help="Show which of --photos most excite a channel, such as tap_7:12.", metavar="CHANNEL")
    ] = "",
    class_name: Annotated[
        str, typer.Option("--class", help="The same for the channels that count most for a class.", metavar="NAME")
    ] = "",
    photos: Annotated[
        Path | None, typer.Option(readable=False, help="Photos for --channel and --class.", metavar="DIR")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for features.png and the like.", metavar="DIR")
    ] = Path(),
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show a network's layers: kernel, stride, padding, size, receptive field, weights, multiply-adds.

    With an option that makes a picture, the picture is written and named instead.

    Example: foveal describe lite0 --drawing lite0.svg --kernels kernels.png
    """
    from foveal.cli.output import result, result_json
    from foveal.cli.progress import PhotoProgress
    from foveal.workflows.describe import open_described

    _check(layers, drawing, kernels, channel, class_name, photos)
    described = open_described(model)
    files = _pictures(described, drawing, kernels, features, out)
    excited: list[dict[str, Any]] = []
    if photos is not None:
        from foveal.workflows.network_pictures import write_excited

        with PhotoProgress("embedding", quiet=quiet) as progress:
            settings = settings_of(runtime, precision, no_cache, progress)
            found, file = write_excited(
                described, photos, out, channel=channel, class_name=class_name, settings=settings
            )
        excited = [each.to_dict() for each in found]
        files.append(file)
    if json:
        result_json({**described.description.to_dict(), "files": [str(file) for file in files], "channels": excited})
    elif files:
        result("\n".join(map(str, files)))
    else:
        result(described.description.text(layers))  # type: ignore[arg-type]


def _check(
    layers: str, drawing: Path | None, kernels: Path | None, channel: str, class_name: str, photos: Path | None
) -> None:
    """Refuse options that do not fit together before anything is loaded."""
    from foveal.errors import FovealError, unknown_name
    from foveal.explainers.picture import check_picture
    from foveal.types.layer_text import DETAILS

    if layers not in DETAILS:
        raise unknown_name("layer list", layers, DETAILS)
    for option, path in (("--drawing", drawing), ("--kernels", kernels)):
        if path is not None:
            check_picture(path, option)
    if channel and class_name:
        raise FovealError("bad-option", "expected --channel or --class, got both", hint="choose one")
    if bool(channel or class_name) != (photos is not None):
        raise FovealError(
            "bad-option",
            "expected --photos together with --channel or --class, got one without the other",
            hint="as in --channel embedding:12 --photos photos/",
        )


def _pictures(
    described: Described, drawing: Path | None, kernels: Path | None, features: Path | None, out: Path
) -> list[Path]:
    """Write the pictures that need no folder of photos; their paths."""
    if drawing is None and kernels is None and features is None:
        return []
    from foveal.workflows.network_pictures import write_drawing, write_feature_maps, write_kernels

    files: list[Path] = []
    if drawing is not None:
        files += write_drawing(described, drawing)
    if kernels is not None:
        files += write_kernels(described, kernels)
    if features is not None:
        files += write_feature_maps(described, features, out)
    return files
