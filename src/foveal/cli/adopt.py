"""`foveal adopt`: make a model of a classifier that another library trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foveal.cli.options import Json, NoCache, Precision, Quiet, Runtime

if TYPE_CHECKING:
    from foveal.classifier.classifier import Classifier


File = Annotated[
    Path, typer.Argument(readable=False, help="An .onnx, .keras, .h5 or .pt classifier, or weights of a network.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Where to write the model.", metavar="MODEL.foveal")]
Network = Annotated[
    str, typer.Option(help="The timm or torchvision network that bare weights belong to.", metavar="NAME")
]
Names = Annotated[
    str,
    typer.Option(
        "--classes",
        help="Class names in the order of its columns: 'a,b,c', a file with one a line, or the training folder.",
        metavar="NAMES",
    ),
]
Size = Annotated[str, typer.Option(help="Size of its input: 224, or WIDTHxHEIGHT.", metavar="SIDE")]
Mode = Annotated[
    str, typer.Option(help="How a photo of another aspect is fitted: crop, balance, pad or stretch.", metavar="NAME")
]
Crop = Annotated[
    float | None, typer.Option(help="Share of the window's sides that --mode crop keeps.", metavar="SHARE")
]
Normalise = Annotated[
    str, typer.Option(help="imagenet, unit, signed, none, caffe, or three means / three deviations.", metavar="HOW")
]
Output = Annotated[str, typer.Option(help="Which ONNX output holds the class scores, of several.", metavar="NAME")]
LicenceName = Annotated[str, typer.Option(help="Of its weights, for the record.", metavar="SPDX")]
Labelled = Annotated[
    Path | None,
    typer.Option(
        readable=False, help="Labelled photos to calibrate on and to learn sets and the gate from.", metavar="PHOTOS"
    ),
]


def adopt(
    file: File,
    out: Out,
    network: Network = "",
    classes: Names = "",
    size: Size = "",
    mode: Mode = "",
    crop: Crop = None,
    normalise: Normalise = "",
    output: Output = "",
    licence: LicenceName = "",
    photos: Labelled = None,
    runtime: Runtime = "auto",
    precision: Precision = "auto",
    no_cache: NoCache = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a model of a classifier that another library trained; nothing in its file is executed.

    Example: foveal adopt classifier.onnx --classes cat,dog --out pets.foveal
    """
    from foveal.cli.options import settings_of
    from foveal.cli.output import result_json
    from foveal.cli.progress import PhotoProgress
    from foveal.workflows.adopt import adopt as run

    with PhotoProgress("reading", quiet=quiet) as progress:
        model = run(
            file,
            network=network,
            classes=classes,
            size=_size(size),
            mode=mode,
            crop_share=crop,
            normalise=normalise,
            output=output,
            licence=licence,
            photos=photos,
            settings=settings_of(runtime, precision, no_cache, progress),
        )
    path = model.save(out)
    if json:
        result_json({"model": str(path), "class_names": list(model.class_names), **model.record})
    else:
        _tell(model, path, quiet=quiet)


def _tell(model: Classifier, path: Path, *, quiet: bool) -> None:
    from foveal.cli.output import result, say
    from foveal.types.text import counted

    told = model.record["adopted"]
    for each in told["assumed"]:
        say(f"note: {each}", quiet=quiet)
    lines = [
        f"{told['architecture']} ({told['library']}), {counted(len(model.class_names), 'class', 'classes')}",
        f"input    {model.views[0].preprocess}",
        f"licence  {told['licence']}",
        f"model    {path}",
    ]
    learnt = model.record.get("calibration")
    if learnt:
        known = model.record["metrics"]["out_of_fold"]["accuracy"]
        gated = model.record["trust"]["gate"]["learnt"]
        limits = "sets and gate learnt" if gated else "no gate learnt"
        lines.insert(2, f"photos   accuracy {known:.1%}; calibrated ({learnt['method']}), {limits}")
    result("\n".join(lines))


def _size(text: str) -> tuple[int, int] | None:
    """Width and height from "224" or "320x240"."""
    from foveal.errors import FovealError

    sides = text.lower().split("x") if text else []
    if not all(side.isdigit() for side in sides) or len(sides) > 2:
        raise FovealError("bad-option", f"--size: expected 224 or 320x240, got {text!r}", hint="width x height")
    return (int(sides[0]), int(sides[-1])) if sides else None
