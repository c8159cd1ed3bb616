"""Names of classes where a chart has little room."""

from __future__ import annotations

from foveal.types.text import printable, shortened

LONGEST = 18

# What a letter of a label takes across, in pixels, in a common font.
LETTER = 7.2


def short(name: str, width: int = LONGEST) -> str:
    """A name in at most `width` letters; of a longer one the beginning is kept, or the end of one in a hierarchy."""
    name = printable(name)
    if "/" in name:
        return shortened(name, width)
    return name if len(name) <= width else f"{name[: width - 1]}…"


def room(names: list[str]) -> int:
    """Pixels that the longest of some shortened names needs beside an axis."""
    return 14 + round(LETTER * max((len(name) for name in names), default=0))
