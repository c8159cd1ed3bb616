"""`foveal cache`: what is kept of photos seen before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from foveal.cli.options import Json, Quiet

app = typer.Typer(help="Show or clear what is kept of photos seen before.", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def default(context: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show or clear what is kept of photos seen before."""
    if context.invoked_subcommand is None:
        show(json=json, quiet=quiet)
    elif json or quiet:
        raise typer.BadParameter(f"write options last: foveal cache {context.invoked_subcommand} --json")


@app.command()
def show(json: Json = False, quiet: Quiet = False) -> None:
    """Show what the cache holds: features, grey pictures of 64 x 64 pixels to find copies by, unpacked archives."""
    from foveal.cli.output import result, result_json, table
    from foveal.features.cache import FeatureCache
    from foveal.workflows.kept import sizes

    cache = FeatureCache()
    spaces, others = cache.spaces(), sizes()
    if json:
        rows = [
            {
                "folder": str(each.folder),
                "description": dict(each.description),
                "rows": each.rows,
                "bytes": each.bytes,
                "last_used": each.last_used.isoformat(),
            }
            for each in spaces
        ]
        result_json(
            {
                "folder": str(cache.root),
                "bytes": cache.total_bytes(),
                "most_bytes": cache.max_bytes,
                "spaces": rows,
                "others": others,
            }
        )
        return
    lines = [
        (
            *_named(each.description),
            f"{each.rows:,}",
            f"{each.bytes / 1e6:,.1f} MB",
            f"{each.last_used:%Y-%m-%d %H:%M}",
        )
        for each in spaces
    ]
    result(
        table(("backbone", "engine", "view", "photos", "size", "last used"), lines) if lines else "the cache is empty"
    )
    if not quiet:
        result(f"\n{cache.root}: {cache.total_bytes() / 1e6:,.1f} MB of at most {cache.max_bytes / 1e9:,.0f} GB")
        kept = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in others.items() if size)
        if kept:
            result(f"beside it: {kept}")


def _named(description: Mapping[str, Any]) -> tuple[str, str, str]:
    """Network, engine and view of a space; what is measured on the pixels needs no network."""
    if "backbone" not in description:
        return "(pixels)" if "pixels" in description else "?", "", ", ".join(description.get("outputs", []))
    engine = f"{description.get('runtime')}/{description.get('precision')}"
    return str(description["backbone"]), engine, "mirrored" if description.get("mirrored") else ""


@app.command()
def clear(json: Json = False, quiet: Quiet = False) -> None:
    """Throw away all that is kept of photos: features, small pictures, unpacked archives. No photo is touched."""
    from foveal.cli.output import result, result_json, say
    from foveal.features.cache import FeatureCache
    from foveal.workflows.kept import clear as clear_others

    cache = FeatureCache()
    freed = cache.clear() + clear_others()
    left = cache.total_bytes()
    if json:
        result_json({"folder": str(cache.root), "freed_bytes": freed, "left_bytes": left})
        return
    result(f"{freed / 1e6:,.1f} MB freed")
    if left:
        say(f"{left / 1e6:,.1f} MB are in use by a running foveal and stay", quiet=quiet)
