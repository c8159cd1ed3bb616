"""Numbers as the findings write them."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share as people read it: "0.4 %", "12 %", "99.5 %"; fewer digits in the middle, where they say little."""
    value = 100 * share
    near_an_end = 0 < value < 9.95 or 90.05 <= value < 100
    return f"{value:.1f} %" if near_an_end else f"{value:.0f} %"
