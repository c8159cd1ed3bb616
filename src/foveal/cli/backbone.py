"""`foveal backbone`: bring a network of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foveal.cli.options import Json, Quiet

app = typer.Typer(help="Register an ONNX network of your own as a backbone.", no_args_is_help=True)


@app.command()
def add(
    network: Annotated[Path, typer.Argument(help="An ONNX image network.")],
    card: Annotated[Path, typer.Option(help="Its card, a TOML file (docs/backbones.md).")],
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Register a network under the name on its card; it is copied and checked by running it once."""
    from foveal.cli.output import result, result_json
    from foveal.workflows.register import register

    added = register(network, card)
    if json:
        result_json(added.to_dict())
    else:
        result(f"{added.short_name}: registered; use it with --backbone {added.short_name}")


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
