"""Progress of a file that comes over a network: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

_LINE_SECONDS = 10.0


class ByteProgress:
    """Shows megabytes done, megabytes a second and time left on stderr.

    Args:
        what: What is being done, such as "fetching resnet50".
        quiet: Show nothing.
    """

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self._quiet = quiet
        self._started = self._told = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` bytes came; 0 of `total` when nobody knows how many there are."""
        if self._quiet:
            return
        if sys.stderr.isatty():
            self._draw(done, total)
            return
        now = time.monotonic()
        if now - self._told >= _LINE_SECONDS:
            self._told = now
            rate = done / (now - self._started)
            rest = f" of {total / 1e6:,.0f} MB, {(total - done) / rate:.0f} s left" if total else " MB"
            sys.stderr.write(f"{self._what}: {done / 1e6:,.0f}{rest}\n")

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=total or None)
        self._bar.update(self._task, completed=done)

    def __enter__(self) -> ByteProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
