"""Lengths of time as people write them: 90s, 30m, 2h, 1h30m."""

from __future__ import annotations

import re

from foveal.errors import FovealError

_FORM = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?")


def seconds_of(text: str, *, option: str = "--budget") -> float:
    """Seconds of a length of time.

    Args:
        text: Hours, minutes and seconds with their letters, each at most once: "90s", "30m", "2h", "1h30m".
        option: Where it was given, for the message.

    Raises:
        FovealError: `bad-option`: written in another way, or no time at all.
    """
    found = _FORM.fullmatch(text.strip().lower())
    hours, minutes, seconds = (float(part or 0) for part in (found.groups() if found else ("", "", "")))
    total = 3600 * hours + 60 * minutes + seconds
    if not total > 0:
        raise FovealError(
            "bad-option", f"{option}: expected a length of time, got {text!r}", hint="as in 90s, 30m, 2h or 1h30m"
        )
    return total
