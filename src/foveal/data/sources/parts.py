"""The words by which people call the parts of a dataset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from foveal.data.dataset import PART_NAMES
from foveal.errors import FovealError
from foveal.types.text import listing, printable

PART_WORDS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev"), 1),
    **dict.fromkeys(("test", "testing"), 2),
}

_NO_LETTERS = re.compile(r"[^A-Za-z]+")


def part_of(word: str) -> int | None:
    """Index into `PART_NAMES` of what a word stands for, whatever its letter case; None for any other word."""
    return PART_WORDS.get(word.strip().lower())


def part_in(name: str) -> int | None:
    """Index into `PART_NAMES` of the first word of a name that stands for a part: 0 for `instances_train2017`."""
    found = (part_of(word) for word in _NO_LETTERS.split(name))
    return next((part for part in found if part is not None), None)


def unknown_parts(place: Path, where: str, words: Iterable[str]) -> FovealError:
    """The error for words that stand for no part.

    Args:
        place: The table or folder.
        where: What holds the words, such as "the column 'split'".
        words: Those that are not understood.
    """
    shown = listing([word or "(nothing)" for word in words])
    return FovealError(
        "unknown-part",
        f"{printable(str(place))}: expected {', '.join(PART_NAMES)} in {where}, got {shown}",
        hint=f"write {', '.join(PART_NAMES[:-1])} or {PART_NAMES[-1]} there (training, valid, validation, dev and "
        "testing are understood too)",
    )
