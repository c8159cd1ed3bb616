"""How a training goes: a live line on a terminal, plain lines elsewhere; a line an epoch is kept in both."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_LINE_SECONDS = 10.0


class TrainProgress:
    """Shows loss, accuracy, images a second and time left on stderr, and a line for every epoch.

    Args:
        quiet: Show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._told = 0.0
        self._notes: set[str] = set()

    def __call__(self, event: Any) -> None:
        """Something happened in the training.

        Args:
            event: Of `foveal.training.events`.
        """
        if self.quiet:
            return
        if hasattr(event, "text"):
            if event.text not in self._notes:
                self._notes.add(event.text)
                self._keep(f"note: {event.text}")
        elif hasattr(event, "row"):
            self._keep(epoch_line(event.row))
        elif sys.stderr.isatty():
            self._draw(event)
        elif time.monotonic() - self._told >= _LINE_SECONDS:
            # Nothing in the first ten seconds: epochs that short have lines of their own.
            if self._told:
                self._keep(step_line(event))
            self._told = time.monotonic()

    def _draw(self, event: Any) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[said]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("training", total=1.0, said="")
        if self._task is not None:
            name = f"{event.phase}, epoch {event.epoch} of {event.epochs:g}"
            share = event.step / max(1, event.steps)
            self._bar.update(self._task, description=name, completed=share, total=1.0, said=_figures(event))

    def _keep(self, line: str) -> None:
        from foveal.cli.output import say

        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
            return
        say(line)

    def close(self) -> None:
        """Take the live line away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> TrainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def epoch_line(row: Mapping[str, Any]) -> str:
    """An epoch in a line: loss and accuracy of both parts.

    Args:
        row: See `foveal.training.history.FIELDS`.
    """
    said = [_of_part(row, "train", ""), _of_part(row, "held", "held out: ")]
    speed = "" if row["images_per_s"] is None else f"{row['images_per_s']:.0f} images/s, "
    figures = "; ".join(each for each in said if each)
    return f"{row['phase']}, epoch {row['epoch']}: {figures} ({speed}{said_time(row['seconds'])})"


def _of_part(row: Mapping[str, Any], part: str, title: str) -> str:
    """Loss and accuracy of a part, as far as they are there."""
    loss, accuracy = row[f"{part}_loss"], row[f"{part}_accuracy"]
    named = [("loss", loss, ".3f"), ("accuracy", accuracy, ".1%")]
    known = [f"{name} {value:{form}}" for name, value, form in named if value is not None]
    return f"{title}{', '.join(known)}" if known else ""


def step_line(event: Any) -> str:
    """Where a training stands, in a line.

    Args:
        event: `foveal.training.events.StepDone`.
    """
    return (
        f"{event.phase}, epoch {event.epoch} of {event.epochs:g}, step {event.step} of {event.steps}: {_figures(event)}"
    )


def said_time(seconds: float) -> str:
    """Seconds as on a clock: "0:42", "12:05", "1:02:10"; "?" before anything was timed."""
    if not math.isfinite(seconds):
        return "?"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _figures(event: Any) -> str:
    return (
        f"loss {event.loss:.3f}, accuracy {event.accuracy:.1%}, {event.images_per_s:.0f} images/s, "
        f"{said_time(event.seconds_left)} left"
    )
