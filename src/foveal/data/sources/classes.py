"""From class names as they were met, row by row, to the sorted classes of a dataset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import PART_NAMES, UNLABELLED
from foveal.data.label_sets import LabelSets
from foveal.data.sources.names import natural_key
from foveal.data.sources.notes import Notes
from foveal.errors import FovealError
from foveal.types.text import listing, printable

_INTEGER = re.compile(r"-?[0-9]+")


class ClassNumbers:
    """Numbers classes as they are met; a number is looked up in the order of the names only at the end."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a class, -1 for the empty name."""
        return self._numbers.setdefault(name, len(self._numbers)) if name else UNLABELLED

    def names(self) -> tuple[str, ...]:
        """Every name met, in the order of its number."""
        return tuple(self._numbers)

    def in_order(self, used: NDArray[np.integer[Any]]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        """The classes that occur, in natural order (whole numbers by value), and where each number went.

        Args:
            used: int [k], numbers that occur; -1 counts as none.

        Returns:
            Names [C], and int32 [numbers + 1]: index of the class of each number, -1 for unused ones and for the last,
            so that -1 stays -1.
        """
        occur = np.zeros(len(self._numbers) + 1, np.bool_)
        occur[used] = True
        met = [name for name, kept in zip(self._numbers, occur.tolist(), strict=False) if kept]
        whole = all(_INTEGER.fullmatch(name) for name in met)
        names = tuple(sorted(met, key=_by_value if whole else natural_key))
        moved = np.full(len(self._numbers) + 1, UNLABELLED, np.int32)
        moved[[self._numbers[name] for name in names]] = np.arange(len(names))
        return names, moved


def _by_value(name: str) -> tuple[int, str]:
    return int(name), name


def note_alike(names: Sequence[str], notes: Notes) -> None:
    """Note classes that differ in letter case only: often one class, but 'a' and 'A' may be two letters."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            notes.add("classes-alike", f"{other} / {name}")


def check_classes(place: Path, names: Sequence[str], labels: NDArray[np.int32], parts: NDArray[np.int8]) -> None:
    """Refuse labels that cannot be learnt from.

    Args:
        place: What was read, for the message.
        names: Classes.
        labels: int32 [n].
        parts: int8 [n].

    Raises:
        FovealError: `one-class`: fewer than two. `class-mismatch`: a class that the train part lacks.
    """
    if len(names) < 2:
        got = f"only {printable(names[0])!r}" if names else "no label at all"
        raise FovealError(
            "one-class",
            f"{printable(str(place))}: expected two or more classes, got {got}",
            hint="label photos of another class too; if the labels of a table stand in another column, name it: "
            "--columns label=NAME",
        )
    learnt = set(labels[parts == 0].tolist())
    if not learnt - {UNLABELLED}:
        return
    for part, part_name in enumerate(PART_NAMES):
        strange = sorted(set(labels[parts == part].tolist()) - learnt - {UNLABELLED})
        if strange:
            raise FovealError(
                "class-mismatch",
                f"{printable(str(place))}: expected the classes of the {part_name} part to have photos in its train "
                f"part too, got {listing([names[label] for label in strange])} in {part_name} only",
                hint=f"spell the labels alike, add train photos for them, or take them out of {part_name}",
            )


def check_label_sets(place: Path, names: Sequence[str], sets: LabelSets, parts: NDArray[np.int8], notes: Notes) -> None:
    """Refuse label sets without a label, and note labels that cannot be learnt.

    Raises:
        FovealError: `one-class`: no photo has a label.
    """
    if not names:
        raise FovealError(
            "one-class",
            f"{printable(str(place))}: expected one or more labels, got none in any row",
            hint="if the labels of a table stand in another column, name it: --columns labels=NAME",
        )
    of_part = np.repeat(parts, np.diff(sets.starts))
    if not (of_part == 0).any():
        return
    learnt = set(sets.classes[of_part == 0].tolist())
    for label in sorted(set(sets.classes.tolist()) - learnt):
        notes.add("label-not-in-train", names[label])
