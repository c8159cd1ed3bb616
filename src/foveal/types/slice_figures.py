"""What was measured on some of the photos: one camera, one site, one month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypedDict

from foveal.types.interval import IntervalRecord
from foveal.types.text import chance, printable

Verdict = Literal["worse", "better", "no difference shown", "too few", "not tested"]
_MOST = 30


class SliceFigures(TypedDict):
    """The photos with one value in one column.

    `others` is the accuracy on all other photos, null where there are none, and `gap` how much better the slice is;
    `expected` the accuracy that its mix of classes alone would give, from the recall of each class over all photos.
    `p` is the probability of such a gap by chance (Fisher's exact test), `p_adjusted` the same after Holm's correction
    for as many slices as were tested; both null where nothing was tested: too few photos, or too few others.
    """

    column: str
    value: str
    photos: int
    accuracy: float
    interval: IntervalRecord
    others: float | None
    gap: float | None
    expected: float
    p: float | None
    p_adjusted: float | None
    verdict: Verdict


def slice_summary(slices: Sequence[SliceFigures]) -> str:
    """A table: each slice with its accuracy, its interval and what is to be thought of it.

    Of a column with very many values the largest slices are shown.

    Args:
        slices: As measured, columns together.
    """
    shown = largest(slices, _MOST)
    rows = [("slice", "photos", "accuracy", "95 % interval", "against the others", "")]
    for each in shown:
        gap = "-" if each["gap"] is None else f"{100 * each['gap']:+.1f} points"
        p = "" if each["p_adjusted"] is None else f" ({chance(each['p_adjusted'])})"
        rows.append(
            (
                f"{printable(each['column'])}: {printable(each['value'])}",
                f"{each['photos']:,}",
                f"{each['accuracy']:.1%}",
                f"{each['interval']['low']:.0%} to {each['interval']['high']:.0%}",
                gap,
                f"{each['verdict']}{p}",
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    aligned = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    lines = [line.rstrip() for line in aligned]
    if len(shown) < len(slices):
        lines.append(f"… and {len(slices) - len(shown):,} smaller ones; --json lists all")
    return "\n".join(lines)


def largest(slices: Sequence[SliceFigures], most: int) -> list[SliceFigures]:
    """The first so many slices of each column, which are its largest.

    Args:
        slices: As measured, the largest of each column first.
        most: How many of a column.
    """
    seen: Counter[str] = Counter()
    found = []
    for each in slices:
        seen[each["column"]] += 1
        if seen[each["column"]] <= most:
            found.append(each)
    return found
