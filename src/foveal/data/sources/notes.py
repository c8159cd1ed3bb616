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
    "row-without-path": ("error", "rows that name no file, left out ({n:,}): {names}"),
    "rows-disagree": (
        "error",
        "photos that several rows name with different labels or parts, left out because nobody knows which is right "
        "({n:,}): {names}; where photos may have several labels, name the column with --columns labels=NAME",
    ),
    "row-repeated": ("warning", "photos that several rows name alike, counted once ({n:,}): {names}"),
    "row-without-label": ("warning", "rows without a label, kept as unlabelled ({n:,}): {names}"),
    "photos-not-found": (
        "error",
        "tables whose first photos do not lie where their paths lead, beside the table or in a folder near it "
        "({n:,}): {names}",
    ),
    "paths-completed": ("warning", "the table's paths were found only when completed ({n:,}): {names}"),
    "labels-split-at-blanks": (
        "warning",
        "labels were taken apart at blanks, because no other separator occurs ({n:,}): {names}; "
        "name another with --separator",
    ),
    "classes-alike": ("warning", "classes that differ in letter case only, kept apart ({n:,}): {names}"),
    "label-not-in-train": ("warning", "labels that no train photo has, so they cannot be learnt ({n:,}): {names}"),
    "name-not-matched": (
        "warning",
        "photos whose names do not follow the pattern, left out because they have no label ({n:,}): {names}",
    ),
    "nested-classes": (
        "warning",
        "folders in class folders were read as classes of a hierarchy ({n:,}): {names}; "
        "--classes top makes them part of the folder they lie in",
    ),
    "subfolder-groups": (
        "warning",
        "numbered folders in class folders were read as groups whose photos stay together ({n:,}): {names}; "
        "--classes nested makes each a class",
    ),
    "subfolders-joined": (
        "warning",
        "folders in class folders were read as part of the class they lie in ({n:,}): {names}; "
        "--classes nested makes each a class",
    ),
    "archive-damaged": ("error", "archives that are damaged, so photos from there on are missing ({n:,}): {names}"),
    "sample-without-photo": ("error", "samples without a photo, left out ({n:,}): {names}"),
    "sample-with-more-photos": (
        "warning",
        "photos that stand beside another one in their sample, of which the one with the plainest ending was taken "
        "({n:,}): {names}",
    ),
    "sample-damaged": ("error", "members with labels that cannot be understood, passed over ({n:,}): {names}"),
    "sample-without-label": ("warning", "samples without a label, kept as unlabelled ({n:,}): {names}"),
    "no-ground-truth": (
        "error",
        "val photos of ImageNet whose class nothing beside them says, left out ({n:,}): {names}",
    ),
    "table-in-archive": (
        "warning",
        "tables inside an archive, not read ({n:,}): {names}; unpack the archive to have labels from a table",
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
