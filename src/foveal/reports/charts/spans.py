"""Shares with their intervals, one below the other: classes, groups of photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from foveal.reports.charts.names import room, short
from foveal.reports.drawing import ACCENT, BAD, SOFT, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _ROW = 380, 21
MOST = 40


class Span(NamedTuple):
    """One line: a share, its interval, and whether it should be pointed out."""

    name: str
    value: float
    low: float
    high: float
    marked: bool = False


def spans(lines: Sequence[Span], *, name: str, alt: str, middle: float | None = None) -> str:
    """Points with their intervals.

    Args:
        lines: From top to bottom, the first 40.
        name: What the drawing is called on its page.
        alt: What it shows, in words.
        middle: A share to compare with, drawn as a line from top to bottom.
    """
    shown = lines[:MOST]
    labels = [short(line.name) for line in shown]

    def paint(axes: Axes) -> None:
        if middle is not None:
            axes.axvline(middle, color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
        for colour, marked in ((ACCENT, False), (BAD, True)):
            chosen = [at for at, line in enumerate(shown) if line.marked is marked]
            if chosen:
                lows, highs = ([getattr(shown[at], end) for at in chosen] for end in ("low", "high"))
                axes.hlines(chosen, lows, highs, color=colour)
                values = [shown[at].value for at in chosen]
                axes.plot(values, chosen, color=colour, marker="o", markersize=6, linestyle="none")
        lowest = min((line.low for line in shown), default=0.0)
        axes.set(xlim=(0.5 if lowest >= 0.55 else 0.0, 1.005), ylim=(len(shown) - 0.4, -0.6))
        axes.set_yticks(range(len(shown)), labels)
        _percents(axes)

    return draw(
        paint,
        name=name,
        alt=alt,
        size=(_WIDTH, _ROW * len(shown) + 40),
        margins=(room(labels), 24, 6, 34),
    )


def _percents(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(True, axis="x")
