"""`foveal cache`: what is kept of photos seen before."""

from __future__ import annotations

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
    """Show what the cache holds. Features only: no photo can be seen in it."""
    from foveal.cli.output import result, result_json, table
    from foveal.features.cache import FeatureCache

    cache = FeatureCache()
    spaces = cache.spaces()
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
            {"folder": str(cache.root), "bytes": cache.total_bytes(), "most_bytes": cache.max_bytes, "spaces": rows}
        )
        return
    lines = [
        (
            each.description.get("backbone", "?"),
            f"{each.description.get('runtime')}/{each.description.get('precision')}",
            "mirrored" if each.description.get("mirrored") else "",
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


@app.command()
def clear(json: Json = False, quiet: Quiet = False) -> None:
    """Throw all kept features away. Photos and models are not touched."""
    from foveal.cli.output import result, result_json, say
    from foveal.features.cache import FeatureCache

    cache = FeatureCache()
    freed = cache.clear()
    left = cache.total_bytes()
    if json:
        result_json({"folder": str(cache.root), "freed_bytes": freed, "left_bytes": left})
        return
    result(f"{freed / 1e6:,.1f} MB freed")
    if left:
        say(f"{left / 1e6:,.1f} MB are in use by a running foveal and stay", quiet=quiet)
