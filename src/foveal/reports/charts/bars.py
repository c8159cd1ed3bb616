"""How many: lying bars of class sizes, standing bars of set sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from foveal.reports.charts.names import room, short
from foveal.reports.drawing import ACCENT, SOFT, draw
from foveal.types.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 380
_MOST_BARS = 40
_BAR = 21
_MOST_SIZES = 12


def class_counts(counts: Mapping[str, int], *, name: str) -> str:
    """Photos of each class as lying bars, the first 40, with a line that counts the others.

    Args:
        counts: Photos by class.
        name: What the drawing is called on its page.
    """
    shown = list(counts.items())[:_MOST_BARS]
    labels = [short(each) for each, _ in shown]
    sizes = [count for _, count in shown]
    more = len(counts) - len(shown)

    def paint(axes: Axes) -> None:
        positions = range(len(shown))
        axes.barh(positions, sizes, height=0.66, color=ACCENT)
        axes.set_yticks(positions, labels)
        for at, count in enumerate(sizes):
            axes.annotate(
                f"{count:,}", (count, at), (6, 0), textcoords="offset points", va="center_baseline", color=SOFT
            )
        axes.set(xlim=(0, 1.3 * max([1, *sizes])), ylim=(len(shown) - 0.5, -0.5), xticks=[])
        axes.spines["bottom"].set_visible(False)
        if more:
            note = f"and {counted(more, 'more class', 'more classes')}"
            axes.annotate(note, (0, 0), (0, -16), xycoords="axes fraction", textcoords="offset points", color=SOFT)

    return draw(
        paint,
        name=name,
        alt=f"Bars: photos of each class, {counted(len(counts), 'class', 'classes')}",
        size=(_WIDTH, _BAR * len(shown) + 8 + (20 if more else 0)),
        margins=(room(labels), 8, 4, 24 if more else 4),
    )


def set_sizes(counts: Sequence[int], *, name: str) -> str:
    """How many photos get a set of one class, of two, and so on.

    Args:
        counts: Photos with a set of 1, 2, … classes.
        name: What the drawing is called on its page.
    """
    head, rest = [*counts[:_MOST_SIZES]], sum(counts[_MOST_SIZES:])
    labels = [str(size) for size in range(1, len(head) + 1)]
    if rest:
        head, labels = [*head, rest], [*labels, f">{_MOST_SIZES}"]
    photos = max(1, sum(counts))
    shares = [count / photos for count in head]

    def paint(axes: Axes) -> None:
        positions = range(len(head))
        axes.bar(positions, shares, width=0.7, color=ACCENT)
        axes.set_xticks(positions, labels)
        for at, share in enumerate(shares):
            if share:
                axes.annotate(
                    f"{share:.0%}" if share >= 0.005 else "<1%",
                    (at, share),
                    (0, 4),
                    textcoords="offset points",
                    ha="center",
                    color=SOFT,
                )
        axes.set(
            ylim=(0, 1.15 * max(shares)), xlim=(-0.6, max(len(head), 4) - 0.4), yticks=[], xlabel="classes in the set"
        )
        axes.spines["left"].set_visible(False)

    said = ", ".join(f"{label}: {share:.0%}" for label, share in zip(labels, shares, strict=True))
    return draw(
        paint,
        name=name,
        alt=f"Bars: share of photos by classes in their set. {said}",
        size=(_WIDTH, 200),
        margins=(10, 10, 8, 46),
    )
