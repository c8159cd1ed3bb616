"""What is noticed on the way through a tree, kept short however often it happens."""

from __future__ import annotations

from typing import Literal

from foveal.types.finding import Finding
from foveal.types.text import listing

KEPT = 20

_MESSAGES: dict[str, tuple[Literal["warning", "error"], str]] = {
    "no-permission": ("error", "folders that may not be opened, so their photos are missing ({n:,}): {names}"),
    "unreadable-folder": (
        "error",
        "folders that the system could not read, so their photos are missing ({n:,}): {names}",
    ),
    "broken-link": ("error", "links that lead nowhere, left out ({n:,}): {names}"),
    "symlink-loop": ("warning", "links back to a folder they lie in, not followed ({n:,}): {names}"),
    "symlink-repeat": ("warning", "folders reached a second time, read only once ({n:,}): {names}"),
    "empty-class": ("warning", "folders without photos, which make no class ({n:,}): {names}"),
    "photos-outside-classes": (
        "warning",
        "photos beside the class folders, left out because they have no class ({n:,}): {names}",
    ),
    "not-photos": ("warning", "files that are not photos by their suffix, left out ({n:,}): {names}"),
    "undecodable-name": (
        "warning",
        "class folders whose names are not plain text, shown escaped ({n:,}): {names}",
    ),
}


class Notes:
    """Counts what is noticed and keeps the first names of each kind."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_MESSAGES, 0)
        self._first: dict[str, list[str]] = {code: [] for code in _MESSAGES}

    def add(self, code: str, path: str) -> None:
        """Note one file or folder under a code of the table."""
        self._counts[code] += 1
        if len(self._first[code]) < KEPT:
            self._first[code].append(path)

    def count(self, code: str) -> int:
        """How often the code was noted."""
        return self._counts[code]

    def names(self, code: str) -> str:
        """The first few names noted under the code, for a message."""
        return listing(self._first[code], count=self._counts[code])

    def findings(self) -> tuple[Finding, ...]:
        """One finding for each code that was noted."""
        return tuple(
            Finding(code, text.format(n=self._counts[code], names=self.names(code)), tuple(self._first[code]), severity)
            for code, (severity, text) in _MESSAGES.items()
            if self._counts[code]
        )
