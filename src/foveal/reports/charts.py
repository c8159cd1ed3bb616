"""Drawings of a report as SVG text: few shapes, colours from the page's own style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

from foveal.types.text import printable

# Narrow, so that a phone need not shrink the words until nobody can read them.
_WIDTH, _HEIGHT = 380, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 38
_MOST_BARS = 40
_BAR = 20
_NAMES, _LONGEST = 146, 170


def bars(counts: Mapping[str, int]) -> str:
    """Photos of each class as lying bars, the first 40, with a line that counts the others.

    Args:
        counts: Photos by class.
    """
    shown = list(counts.items())[:_MOST_BARS]
    largest = max((count for _, count in shown), default=1) or 1
    rows = []
    for at, (name, count) in enumerate(shown):
        y = at * _BAR
        width, shown_name = _LONGEST * count / largest, escape(_short(printable(name)))
        rows.append(
            f'<text class="label" x="{_NAMES - 8}" y="{y + 14}" text-anchor="end">{shown_name}</text>'
            f'<rect class="bar" x="{_NAMES}" y="{y + 3}" width="{width:.1f}" height="{_BAR - 6}" rx="2"/>'
            f'<text class="label" x="{_NAMES + 6 + width:.1f}" y="{y + 14}">{count:,}</text>'
        )
    if len(counts) > len(shown):
        y = len(shown) * _BAR + 14
        rows.append(f'<text class="label" x="{_NAMES}" y="{y}">and {len(counts) - len(shown):,} more classes</text>')
    height = len(rows) * _BAR
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="photos of each class">{"".join(rows)}</svg>'


def curve(measured: Mapping[str, Sequence[float]], ahead: Mapping[str, Sequence[float]]) -> str:
    """Accuracy against photos learnt from, with its interval; the part that is extrapolated is dashed.

    Args:
        measured: `sizes`, `accuracy`, `low` and `high` of what was learnt from.
        ahead: The same of what would be.
    """
    sizes, middle, low, high = ([*measured[name], *ahead[name]] for name in ("sizes", "accuracy", "low", "high"))
    bottom, top = max(0.0, min(low) - 0.03), min(1.0, max(high) + 0.03)

    def at(size: float, value: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * size / max(sizes)
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (top - value) / max(top - bottom, 1e-6)
        return f"{x:.1f},{y:.1f}"

    band = " ".join([*map(at, sizes, high), *map(at, reversed(sizes), reversed(low))])
    known = len(measured["sizes"])
    solid = " ".join(map(at, sizes[:known], middle[:known]))
    dashed = " ".join(map(at, sizes[known - 1 :], middle[known - 1 :]))
    axis_y, axis_x = _ticks(bottom, top), [sizes[0], sizes[known - 1], sizes[-1]]
    marks = [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(at, value)}" y2="{_y(at, value)}"/>'
        f'<text class="label" x="{_LEFT - 6}" y="{_y(at, value) + 4}" text-anchor="end">{value:.0%}</text>'
        for value in axis_y
    ]
    for size in dict.fromkeys(axis_x):
        x = at(size, bottom).split(",")[0]
        anchor = "end" if size == sizes[-1] else "middle"
        marks.append(f'<text class="label" x="{x}" y="{_HEIGHT - 18}" text-anchor="{anchor}">{size:,.0f}</text>')
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="accuracy against number of photos">'
        f'{"".join(marks)}<polygon class="band" points="{band}"/><polyline class="line" points="{solid}"/>'
        f'<polyline class="line dashed" points="{dashed}"/>'
        f'<text class="label" x="{_WIDTH / 2}" y="{_HEIGHT - 3}" text-anchor="middle">photos to learn from</text></svg>'
    )


def _y(at: Any, value: float) -> float:
    return float(at(0, value).split(",")[1])


def _ticks(bottom: float, top: float) -> list[float]:
    """Round values between two, three to six of them."""
    step = next(each for each in (0.01, 0.02, 0.05, 0.1, 0.2) if (top - bottom) / each <= 6)
    first = int(bottom / step) + 1
    values = [step * number for number in range(first, first + 7) if step * number <= top]
    gaps = [b - a for a, b in pairwise(values)]
    return values if gaps else [bottom, top]


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:17]}…"
