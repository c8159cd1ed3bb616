"""The `foveal` command: one file a verb beside this one; here they are put together and errors become exit codes."""

from __future__ import annotations

import os
import sys

import typer

from foveal.cli import backbone, cache, embed, evaluate, fit, models, predict
from foveal.cli.output import fail
from foveal.errors import FovealError

app = typer.Typer(
    name="foveal",
    help="Turn a folder of photos into an image recogniser, and know how far it can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for verb in (fit.fit, predict.predict, evaluate.evaluate, embed.embed, models.models):
    app.command()(verb)
app.add_typer(cache.app, name="cache")
app.add_typer(backbone.app, name="backbone")


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
    try:
        app()
    except FovealError as error:
        fail(error)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("\ninterrupted: nothing half-written is left, and the next run goes on from the cache", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; what is left must not be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
