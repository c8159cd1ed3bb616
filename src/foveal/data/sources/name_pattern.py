"""Labels in the names of the photos: `cat_001.jpg`."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources import refusals
from foveal.data.sources.classes import ClassNumbers, check_classes, note_alike
from foveal.data.sources.groups import numbered, of_text
from foveal.data.sources.names import class_name
from foveal.data.sources.notes import Notes
from foveal.data.sources.parts import part_of, unknown_parts
from foveal.data.sources.walk import walk
from foveal.errors import FovealError
from foveal.imaging.formats import IMAGE_SUFFIXES
from foveal.types.names import Names
from foveal.types.text import listing, printable

_PIECES = re.compile(r"\{([^{}]*)\}")
_MEANT = ("label", "split", "group")
_MOST_UNKNOWN = 20


class NamePatternSource:
    """Names give the classes, by a pattern: `{label}_{n}.jpg`, or `{split}/{label}/{group}_{n}.png`.

    `{label}`, `{split}` and `{group}` count, any other name in braces stands for anything; none reaches across "/".
    `{label}` takes as much as it can and the others as little, so that `golden_retriever_7.jpg` is a golden_retriever.
    A pattern with "/" is held against the path below the folder, any other against the name of the file; without a
    suffix in it, any suffix will do. Letter case counts in the label only.
    """

    options: ClassVar[frozenset[str]] = frozenset({"label_from"})

    def detect(self, path: Path) -> bool:
        """Never: only a pattern says that names mean something, and `foveal.data.read` then asks for this form."""
        return False

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos below a folder whose names follow the pattern; the others are left out and named.

        Args:
            path: The folder.
            options: `labelled`, `label_from`.

        Raises:
            FovealError: `bad-option`: no pattern, or one with odd braces. `no-photos`, `no-permission`. `no-match`: no
                name follows the pattern. `unknown-part`; labelled also `one-class`, `class-mismatch`.
        """
        pattern = NamePattern(options.label_from)
        notes = Notes()
        files = walk(str(path), "", notes)
        if not files:
            raise refusals.no_photos(path, notes, labelled=False)
        rows = _Matched(pattern, notes)
        paths = Names(rows.take(files))
        if not len(paths):
            raise _no_match(path, pattern, files)
        if rows.unknown_parts:
            raise unknown_parts(path, "the place of {split}", rows.unknown_parts)
        names, moved = rows.classes.in_order(np.frombuffer(rows.labels, np.int32))
        labels = moved[np.frombuffer(rows.labels, np.int32)]
        parts = np.frombuffer(rows.parts, np.int8)
        if options.labelled:
            note_alike(names, notes)
            check_classes(path, names, labels, parts)
        else:
            names, labels = (), np.full(len(paths), UNLABELLED, np.int32)
        groups = numbered(np.frombuffer(rows.groups, np.int64))
        return Dataset(path, paths, labels, names, parts, notes.findings(), groups=groups)


class NamePattern:
    """A pattern for names of photos, ready to be held against them.

    Args:
        text: As the user wrote it.

    Raises:
        FovealError: `bad-option`: braces that do not pair.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = _PIECES.split(text)
        if not text or any("{" in piece or "}" in piece for piece in pieces[::2]):
            raise FovealError(
                "bad-option",
                f"--label-from: expected a pattern with names in braces, got {text!r}",
                hint="for files called cat_001.jpg write --label-from '{label}_{n}.jpg'",
            )
        self._whole_path = "/" in text
        self._any_suffix = not text.lower().endswith(tuple(IMAGE_SUFFIXES))
        seen: set[str] = set()
        built = []
        for number, piece in enumerate(pieces):
            built.append(_name_in_braces(piece, seen) if number % 2 else f"(?i:{re.escape(piece)})")
        self._pattern = re.compile("".join(built), re.DOTALL)

    def match(self, path: str) -> dict[str, str] | None:
        """What a path says under `label`, `split` and `group`; None where it does not follow the pattern."""
        name = path if self._whole_path else path.rpartition("/")[2]
        found = self._pattern.fullmatch(name.rpartition(".")[0] if self._any_suffix else name)
        return None if found is None else found.groupdict()


def _name_in_braces(name: str, seen: set[str]) -> str:
    if name not in _MEANT:
        return "[^/]+?"
    if name in seen:
        return f"(?P={name})"
    seen.add(name)
    return f"(?P<{name}>[^/]+{'' if name == 'label' else '?'})"


class _Matched:
    """Takes paths and keeps what their names say."""

    def __init__(self, pattern: NamePattern, notes: Notes) -> None:
        self.classes = ClassNumbers()
        self.labels = array("i")
        self.parts = array("b")
        self.groups = array("q")
        self.unknown_parts: dict[str, None] = {}
        self._pattern = pattern
        self._notes = notes

    def take(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield the paths that follow the pattern."""
        for path in paths:
            said = self._pattern.match(path)
            if said is None:
                self._notes.add("name-not-matched", path)
                continue
            self.labels.append(self.classes.number(class_name(said.get("label", ""))))
            self.parts.append(self._part(said.get("split")))
            self.groups.append(of_text(said.get("group", "")))
            yield path

    def _part(self, word: str | None) -> int:
        part = 0 if word is None else part_of(word)
        if part is None and word is not None and len(self.unknown_parts) < _MOST_UNKNOWN:
            self.unknown_parts[word] = None
        return part or 0


def _no_match(path: Path, pattern: NamePattern, files: list[str]) -> FovealError:
    return FovealError(
        "no-match",
        f"expected photos in {printable(str(path))} whose names follow {pattern.text!r}, got {listing(files, most=3)}",
        hint="write one of these names and put {label} in the place of the label and {n} in place of what varies; with "
        "folders before it where the label is one",
    )
