"""Text that any terminal or file can take."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> str:
    r"""The text with control characters and lone surrogates escaped (`\x1b`, `\udce9`), so that showing it is safe.

    Python hands over a file name that is not valid UTF-8 with lone surrogates in it (PEP 383). Such a name opens its
    file but cannot be encoded, and control characters in a name would act on the terminal. The original must be kept
    for opening; this form is for showing and saving.
    """
    return _CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)


def shortened(text: str, width: int) -> str:
    """The text in at most `width` characters; of a longer one the end is kept, where file names differ."""
    return text if len(text) <= width else "…" + text[1 - width :]


def listing(names: list[str] | tuple[str, ...], *, count: int | None = None, most: int = 5) -> str:
    """The first few names for a message, and how many more there are.

    Args:
        names: Names to show, in order.
        count: How many there are in all, when `names` holds only the first of them.
        most: How many to show.
    """
    total = len(names) if count is None else count
    shown = ", ".join(printable(name) for name in names[:most])
    return f"{shown} and {total - most:,} more" if total > most else shown


def chance(p: float) -> str:
    """The p of a test: "p = 0.036"; one that would round to nothing is "p < 0.001"."""
    return f"p = {p:.3f}" if p >= 0.0005 else "p < 0.001"


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun: "1 photo", "1,204 photos", "2 classes".

    Args:
        count: How many.
        noun: What, in the singular.
        plural: The plural where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
