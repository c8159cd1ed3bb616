"""What lies in a folder that is not photos by class, but that could be read if it were named itself."""

from __future__ import annotations

import itertools
from pathlib import Path

from foveal.data.sources import SOURCES, source
from foveal.data.sources.published import few_entries, is_folder
from foveal.errors import FovealError
from foveal.types.text import listing

_LOOKED_AT = 50
_CODES = frozenset(("no-photos", "one-class"))


def pointing_inside(error: FovealError, folder: Path) -> str:
    """The hint of a refusal, with what in the folder another form would read.

    A dataset is often unpacked into a folder of its own, or has its table under a name that foveal does not know.

    Args:
        error: Why the folder could not be read as a folder of classes.
        folder: What the user named.
    """
    found = _readable_forms(folder) if error.code in _CODES and is_folder(folder) else []
    if not found:
        return error.hint
    return f"perhaps what lies in it is meant, and should be named itself: {listing(found)}; else {error.hint}"


def _readable_forms(folder: Path) -> list[str]:
    forms = [(name, source(name)) for name in SOURCES if name != "folder"]
    found = []
    for child in itertools.islice(few_entries(folder), _LOOKED_AT):
        form = next((name for name, each in forms if each.detect(folder / child)), None)
        if form is not None:
            found.append(f"{folder / child} ({form})")
    return found
