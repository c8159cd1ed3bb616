"""`foveal backbone`: bring a network of your own, or one of timm or torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foveal.cli.options import Json, Quiet

if TYPE_CHECKING:
    from foveal.backbones.card import Card

app = typer.Typer(help="Register further networks as backbones.", no_args_is_help=True)


@app.command()
def add(
    network: Annotated[
        str, typer.Argument(help="An ONNX image network; or the name of a network: timm/resnet50, torchvision/alexnet.")
    ],
    card: Annotated[Path | None, typer.Option(help="Card of an ONNX file, in TOML (docs/backbones.md).")] = None,
    weights: Annotated[
        str, typer.Option(help="Of a named network: auto, or a .safetensors, .pth or Keras .h5 file.")
    ] = "auto",
    name: Annotated[str, typer.Option(help="What to call a named network, where its own name is taken.")] = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Register an ONNX file under the name on its card, or export a named network (needs the extra "train")."""
    from foveal.cli.output import result, result_json, say

    if card is None and not network.lower().endswith(".onnx"):
        from foveal.workflows.add_backbone import add_backbone

        say(f"{network}: exporting", quiet=quiet)
        made = add_backbone(network, weights=weights, name=name)
        proof = made.proof
        say(
            f"proved on {proof['n']} drawn pictures: the same class on {proof['agreement']:.0%}, probabilities differ "
            f"by {proof['max_probability_difference']:.1g} at most",
            quiet=quiet,
        )
        added, values = made.card, made.to_dict()
    else:
        added = _file(Path(network), card, weights=weights, name=name)
        values = added.to_dict()
    if json:
        result_json(values)
    else:
        result(f"{added.short_name}: registered; use it with --backbone {added.short_name}")


def _file(network: Path, card: Path | None, *, weights: str, name: str) -> Card:
    from foveal.errors import FovealError
    from foveal.workflows.register import register

    if card is None:
        raise FovealError(
            "bad-option",
            f"--card: expected the card of {network}, got none",
            hint="write one as docs/backbones.md shows",
        )
    if weights != "auto" or name:
        raise FovealError(
            "bad-option",
            f"--weights and --name: expected the name of a network for these, got the file {network}",
            hint="leave them out; the name stands on the card",
        )
    return register(network, card)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of a registered backbone.")],
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Forget a registered backbone."""
    from foveal.cli.output import result, result_json
    from foveal.workflows.register import forget

    gone = forget(name)
    if json:
        result_json({"removed": gone.name})
    else:
        result(f"{gone.short_name}: removed")
