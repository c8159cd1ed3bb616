"""Tables as pictures: what is taken for what, and what each fault of a photo costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.reports.charts.names import LETTER, room, short
from foveal.reports.drawing import INK, SOFT, draw
from foveal.types.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Above this many classes numbers have no room; above the other, several classes share a pixel.
_NUMBERED = 30
_FINEST = 200
_CELL = 26

# A blue of middle lightness: whatever the page's colours, words stay readable on it, fainter where they stand.
_BLUE = (52, 116, 190)
_FAINTEST, _STRONGEST, _STRONGEST_UNDER_WORDS = 0.06, 0.95, 0.5


def confusion(counts: Sequence[Sequence[int]], names: Sequence[str], *, name: str) -> str:
    """What is taken for what: rows are the true classes, a stronger colour is a larger share of the row.

    Args:
        counts: [C][C]; row = true class, column = predicted class.
        names: Of the classes.
        name: What the drawing is called on its page.
    """
    table = np.asarray(counts, np.float64)
    shares = table / np.maximum(1.0, table.sum(axis=1, keepdims=True))
    classes = len(table)
    alt = f"Confusion matrix of {counted(classes, 'class', 'classes')}; the table beside it has the numbers"
    if classes > _NUMBERED:
        return _heat(_coarse(shares), f"{alt}, true classes from top to bottom", name)
    labels = [short(each, 14) for each in names]

    def paint(axes: Axes) -> None:
        strongest = _STRONGEST_UNDER_WORDS
        axes.imshow(_blue(shares, strongest), interpolation="none", aspect="auto")
        axes.set_xticks(range(classes), labels, rotation=90)
        axes.set_yticks(range(classes), labels)
        axes.tick_params(top=False, labeltop=True, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for row, column in np.argwhere(table > 0):
            axes.text(
                column,
                row,
                f"{table[row, column]:.0f}",
                ha="center",
                va="center_baseline",
                fontsize=_words(table),
                color=INK,
            )
        axes.set_xlabel("taken for")

    beside, width = room(labels), _CELL * classes
    return draw(
        paint,
        name=name,
        alt=alt,
        size=(beside + max(width, 120) + 8, beside + max(width, 60) + 24),
        margins=(beside, 8, beside, 24),
    )


def grades(
    values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], *, name: str, alt: str
) -> str:
    """Shares in a table, coloured by their size, with the number in each cell.

    Args:
        values: [R][K], 0..1; NaN = not measured.
        rows: Names of the R rows.
        columns: Names of the K columns.
        name: What the drawing is called on its page.
        alt: What it shows, in words.
    """
    table = np.asarray(values, np.float64)
    labels = [short(each, 20) for each in rows]
    beside = room(labels)
    cell = max(46, round(LETTER * max((len(each) for each in columns), default=0)) + 10)

    def paint(axes: Axes) -> None:
        axes.imshow(_blue(np.nan_to_num(table), _STRONGEST_UNDER_WORDS), interpolation="none", aspect="auto")
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), labels)
        axes.tick_params(labeltop=True, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for (row, column), value in np.ndenumerate(table):
            known = bool(np.isfinite(value))
            said = f"{value:.0%}" if known else "-"
            axes.text(column, row, said, ha="center", va="center_baseline", color=INK if known else SOFT)

    size = (beside + cell * len(columns) + 8, 30 + 24 * len(rows) + 6)
    return draw(paint, name=name, alt=alt, size=size, margins=(beside, 8, 30, 6))


def _heat(shares: NDArray[np.float64], alt: str, name: str) -> str:
    def paint(axes: Axes) -> None:
        axes.imshow(_blue(np.sqrt(shares), _STRONGEST), interpolation="none", aspect="auto")
        axes.set(xticks=[], yticks=[], xlabel="taken for", ylabel="true class")
        axes.spines[["top", "right"]].set_visible(True)

    return draw(paint, name=name, alt=alt, size=(420, 420), margins=(30, 4, 4, 30))


def _coarse(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most `_FINEST` cells a side, each the largest share of those it stands for."""
    side = -(-len(shares) // _FINEST)
    starts = np.arange(0, len(shares), side)
    return np.maximum.reduceat(np.maximum.reduceat(shares, starts, axis=0), starts, axis=1)


def _blue(shares: NDArray[np.float64], strongest: float) -> NDArray[np.uint8]:
    """uint8 [R, K, 4] RGBA; a share of 0 is clear, 1 is `strongest`."""
    alpha = np.where(shares > 0, _FAINTEST + (strongest - _FAINTEST) * np.clip(shares, 0, 1), 0.0)
    out = np.empty((*shares.shape, 4), np.uint8)
    out[..., :3] = _BLUE
    out[..., 3] = np.round(255 * alpha)
    return out


def _words(table: NDArray[np.float64]) -> float:
    """Size of the numbers: those of the largest must fit into a cell."""
    digits = len(f"{table.max():.0f}")
    return 13.0 if digits <= 3 else 39.0 / digits
