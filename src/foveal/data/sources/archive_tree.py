"""The folders inside an archive, listed as folders on disk are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.sources.members import Members
from foveal.data.sources.names import natural_key
from foveal.data.sources.notes import Notes
from foveal.data.sources.walk import IGNORED, Listing, is_photo_name, join

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


class ArchiveTree:
    """See `foveal.data.sources.walk.Tree`.

    A single folder at the top that holds nothing but folders is where an archive begins: zipping `photos/` gives the
    classes that `photos/` has.

    Args:
        members: What the archive holds. Of members of one name the last counts, as when both are unpacked.
    """

    def __init__(self, members: Members) -> None:
        self.root: Path = members.archive
        self._members = members
        self._rows: dict[str, array[int]] = {"": array("q")}
        self._folders: dict[str, dict[str, None]] = {"": {}}
        for row, name in enumerate(members.names):
            folder = name.rpartition("/")[0]
            if folder not in self._rows:
                self._add(folder)
            self._rows[folder].append(row)
        self.start = ""
        self.start = self._start()

    def list_folder(self, relative: str, notes: Notes) -> Listing:
        """See `foveal.data.sources.walk.list_folder`."""
        photos: dict[str, None] = {}
        for row, name in self._files(relative):
            if _ignored(name):
                continue
            if self._members.starts[row] < 0 and not self._members.sizes[row]:
                notes.add("broken-link", join(relative, name))
            elif is_photo_name(name):
                photos[name] = None
            else:
                is_table = relative == self.start and name.lower().endswith(_TABLES)
                notes.add("table-in-archive" if is_table else "not-photos", join(relative, name))
        folders = [folder for folder in self._folders.get(relative, ()) if not _ignored(folder)]
        return Listing(sorted(folders, key=natural_key), sorted(photos, key=natural_key))

    def walk(self, start: str, notes: Notes) -> list[str]:
        """See `foveal.data.sources.walk.walk`."""
        found: list[str] = []
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            folders, photos = self.list_folder(folder, notes)
            found += [join(folder, photo) for photo in photos]
            waiting += [join(folder, each) for each in reversed(folders)]
        return found

    def rows(self, paths: Sequence[str]) -> NDArray[np.intp]:
        """Which member each of some photos is, int [n].

        Args:
            paths: Photos that `walk` found, those of a folder together.
        """
        rows = np.empty(len(paths), np.intp)
        current, names = None, {}
        for number, path in enumerate(paths):
            folder, _, name = path.rpartition("/")
            if folder != current:
                current, names = folder, {name: row for row, name in self._files(folder)}
            rows[number] = names[name]
        return rows

    def _add(self, folder: str) -> None:
        while folder not in self._rows:
            self._rows[folder] = array("q")
            self._folders[folder] = {}
            above, _, name = folder.rpartition("/")
            if above in self._rows:
                self._folders[above][name] = None
                return
            self._add(above)
            self._folders[above][name] = None

    def _start(self) -> str:
        start = ""
        while True:
            folders, photos = self.list_folder(start, Notes())
            if photos or len(folders) != 1:
                return start
            below = join(start, folders[0])
            if not self.list_folder(below, Notes()).folders:
                return start
            start = below

    def _files(self, folder: str) -> Iterator[tuple[int, str]]:
        """Row and name of each file directly in a folder."""
        rows = self._rows.get(folder)
        if rows:
            names = self._members.names.take(np.array(rows, np.intp))
            yield from zip(rows, (name.rpartition("/")[2] for name in names), strict=True)


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in IGNORED
