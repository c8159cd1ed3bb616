"""Progress of the photos: a bar on a terminal, plain lines elsewhere, nothing in the first second."""

from __future__ import annotations

import sys
import time
from typing import Any

_QUIET_SECONDS = 1.0
_LINE_SECONDS = 10.0


class PhotoProgress:
    """Shows photos done, photos a second and time left on stderr.

    Args:
        what: What is being done, such as "reading photos".
        quiet: Show nothing.
    """

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self.quiet = quiet
        self._total = self._first = self._shown = 0
        self._started = self._told = 0.0
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` photos are ready."""
        if total != self._total or done < self._first:
            self.close()
            self._begin(done, total)
        now = time.monotonic() - self._started
        if self.quiet or not total or (now < _QUIET_SECONDS and self._bar is None):
            return
        rate = (done - self._first) / now
        if sys.stderr.isatty():
            self._draw(done, total, rate)
        elif now - self._told >= _LINE_SECONDS or done == total > self._shown > 0:
            self._told, self._shown = now, done
            speed = f", {_said(rate)}, {(total - done) / rate:.0f} s left" if rate else ""
            sys.stderr.write(f"{self._what}: {done:,} of {total:,}{speed}\n")

    def _draw(self, done: int, total: int, rate: float) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=total, rate=_said(rate))
        self._bar.update(self._task, completed=done, total=total, rate=_said(rate))
        if done >= total:
            self.close()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _begin(self, done: int, total: int) -> None:
        """Start the clock of a stage; photos that are ready at its first sign of life say nothing about its speed."""
        self._started = time.monotonic()
        self._first = done
        self._total = total
        self._told = 0.0
        self._shown = 0

    def __enter__(self) -> PhotoProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _said(rate: float) -> str:
    # An explanation may take seconds a photo.
    return f"{rate:.0f} images/s" if rate >= 10 else f"{rate:.1f} images/s"
