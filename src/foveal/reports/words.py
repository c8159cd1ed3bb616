"""Figures as people say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from foveal.types.text import printable

# Parts of so few are said, where the share is so close to one.
_PLAIN = {2: 0.012, 3: 0.012, 4: 0.012, 10: 0.016, 20: 0.012}


def in_words(share: float) -> str:
    """A share as so many of a few: 0.909 is "9 of 10", 0.97 "97 of 100"."""
    if share >= 0.995:
        return "more than 99 of 100" if share < 1 else "all"
    if share <= 0.005:
        return "fewer than 1 of 100" if share > 0 else "none"
    for whole, close in _PLAIN.items():
        part = round(share * whole)
        if abs(part / whole - share) <= close and 0 < part < whole and Fraction(part, whole).denominator == whole:
            return f"{part} of {whole}"
    return f"{round(100 * share)} of 100"


def about(share: float) -> str:
    """The same as said of a measured share: "about 9 of 10", "all"."""
    said = in_words(share)
    return f"about {said}" if said[0].isdigit() else said


def percent(share: float | None, digits: int = 1) -> str:
    """A share in per cent; a dash for None."""
    return "-" if share is None else f"{share:.{digits}%}"


def figure(value: float | None, digits: int = 3) -> str:
    """A number; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def ends(interval: Mapping[str, Any] | None, *, digits: int = 0, share: bool = True) -> str:
    """An interval as "81% to 88%"; a dash for None."""
    if interval is None:
        return "-"
    form = f".{digits}{'%' if share else 'f'}"
    return f"{interval['low']:{form}} to {interval['high']:{form}}"


def with_ends(value: float | None, interval: Mapping[str, Any] | None, *, digits: int = 1, share: bool = True) -> str:
    """A figure and its interval behind it, as far as they are there."""
    said = percent(value, digits) if share else figure(value, digits)
    return said if interval is None or value is None else f"{said} ({ends(interval, digits=digits, share=share)})"


def joined(names: Sequence[str], most: int = 5) -> str:
    """Names as in a sentence: "a", "a and b", "a, b and c", "a, b and 3 others"."""
    shown = [printable(name) for name in names[:most]]
    others = len(names) - len(shown)
    if others:
        shown.append(f"{others:,} other{'' if others == 1 else 's'}")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def points(difference: float) -> str:
    """A difference of shares in percentage points."""
    return f"{100 * difference:+.1f} points"
