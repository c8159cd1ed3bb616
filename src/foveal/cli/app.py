"""The `foveal` command: one file a verb beside this one; here they are put together and errors become exit codes."""

from __future__ import annotations

import os
import sys

import typer

from foveal.cli import (
    adopt,
    backbone,
    cache,
    check,
    compare,
    convert,
    describe,
    embed,
    evaluate,
    explain,
    fit,
    models,
    predict,
    split,
    train,
)
from foveal.cli.output import fail, say
from foveal.errors import FovealError

# 128 + SIGINT, as shells count.
_INTERRUPTED = 130

app = typer.Typer(
    name="foveal",
    help="Turn a folder of photos into an image recogniser, and know how far it can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb in (
    check.check,
    fit.fit,
    train.train,
    predict.predict,
    evaluate.evaluate,
    explain.explain,
    compare.compare,
    embed.embed,
    split.split,
    convert.convert,
    describe.describe,
    adopt.adopt,
):
    app.command()(verb)
app.add_typer(cache.app, name="cache")
app.add_typer(backbone.app, name="backbone")
app.add_typer(models.app, name="models")


def _show_version(wanted: bool) -> None:
    if wanted:
        from foveal import __version__

        typer.echo(f"foveal {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Turn a folder of photos into an image recogniser, and know how far it can be trusted."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted."""
    sys.exit(_outcome())


def _outcome() -> int:
    """Run a verb and say how it went, as an exit code."""
    # Typer puts another object in its place when the reader of our output goes away.
    stdout = sys.stdout
    code = 0
    try:
        app(prog_name="foveal")
    except FovealError as error:
        fail(error)
        code = 1
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    if code == _INTERRUPTED:
        say("\ninterrupted: nothing half-written is left, and the next run goes on from the cache")
    if sys.stdout is not stdout:
        # The reader went away, as `head` does; what is left must not be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        return 0
    return code
