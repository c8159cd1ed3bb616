"""Words and numbers as the findings write them."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun: "1 photo", "1,204 photos", "2 classes".

    Args:
        count: How many.
        noun: What, in the singular.
        plural: The plural where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """A share as people read it: "0.4 %", "12 %", "99.5 %"; fewer digits in the middle, where they say little."""
    value = 100 * share
    near_an_end = 0 < value < 9.95 or 90.05 <= value < 100
    return f"{value:.1f} %" if near_an_end else f"{value:.0f} %"
