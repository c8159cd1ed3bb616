"""All photos below a folder, in an order that is the same everywhere, without ever going round in circles."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple, Protocol

from foveal.data.sources.names import natural_key
from foveal.data.sources.notes import Notes
from foveal.imaging.decode import IMAGE_SUFFIXES

IGNORED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


class Listing(NamedTuple):
    """What lies directly in a folder, by name, in natural order."""

    folders: list[str]
    photos: list[str]


class Tree(Protocol):
    """Folders of photos, wherever they lie."""

    @property
    def root(self) -> Path:
        """The folder or archive, as people know it."""
        ...

    @property
    def start(self) -> str:
        """The folder in it to begin with; empty for `root` itself."""
        ...

    def list_folder(self, relative: str, notes: Notes) -> Listing:
        """Folders and photos directly in a folder of the tree."""
        ...

    def walk(self, start: str, notes: Notes) -> list[str]:
        """Photos at any depth below a folder, as paths from `root`."""
        ...


class DiskTree:
    """Folders on disk.

    Args:
        root: Where they begin.
    """

    start = ""

    def __init__(self, root: Path) -> None:
        self.root = root

    def list_folder(self, relative: str, notes: Notes) -> Listing:
        """See the function `list_folder`."""
        return list_folder(str(self.root), relative, notes)

    def walk(self, start: str, notes: Notes) -> list[str]:
        """See the function `walk`."""
        return walk(str(self.root), start, notes)


class _Step(NamedTuple):
    relative: str
    identity: tuple[int, int]
    above: _Step | None


def list_folder(root: str, relative: str, notes: Notes, *, besides: Collection[str] = ()) -> Listing:
    """Folders and photos directly in `root`/`relative`; hidden ones and system files are passed over.

    Args:
        root: Folder the paths in the notes start from.
        relative: Folder to list, relative to it; empty for `root` itself.
        notes: Takes files that are not photos, broken links and folders that may not be opened.
        besides: Names in it that were read already.
    """
    folders: list[str] = []
    photos: list[str] = []
    try:
        with os.scandir(join(root, relative)) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(".") or name.lower() in IGNORED or name in besides:
                    continue
                kind = _kind(entry)
                if kind == "folder":
                    folders.append(name)
                elif kind == "photo":
                    photos.append(name)
                else:
                    notes.add(kind, join(relative, name))
    except OSError as error:
        _note_failure(error, relative, notes)
    return Listing(sorted(folders, key=natural_key), sorted(photos, key=natural_key))


def walk(root: str, start: str, notes: Notes) -> list[str]:
    """Photos at any depth below `root`/`start`, as paths relative to `root`.

    Links are followed. A folder counts once, known by device and inode, so neither a loop of links nor many links to
    the same folders can make this run for ever.

    Args:
        root: Folder the result is relative to.
        start: Folder to walk, relative to it; empty for `root` itself.
        notes: As in `list_folder`, and for loops and repeats.
    """
    found: list[str] = []
    first = _step(root, start, _parents(root, start, notes), notes)
    waiting = [first] if first else []
    seen: set[tuple[int, int]] = set()
    while waiting:
        step = waiting.pop()
        if _is_above(step):
            notes.add("symlink-loop", step.relative)
        elif step.identity in seen:
            notes.add("symlink-repeat", step.relative)
        else:
            seen.add(step.identity)
            folders, photos = list_folder(root, step.relative, notes)
            prefix = join(step.relative, "")
            found.extend([prefix + photo for photo in photos])
            below = [_step(root, prefix + folder, step, notes) for folder in reversed(folders)]
            waiting.extend([folder for folder in below if folder])
    return found


def join(folder: str, name: str) -> str:
    """The two with "/" between; just `name` where the folder is empty."""
    return f"{folder}/{name}" if folder else name


def is_photo_name(name: str) -> bool:
    """Whether a file is a photo by its suffix."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 (a Path for each of a million is slow)


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "photo" if is_photo_name(entry.name) else "not-photos"
    except OSError:
        return "broken-link"
    return "broken-link" if entry.is_symlink() else "not-photos"


def _step(root: str, relative: str, above: _Step | None, notes: Notes) -> _Step | None:
    try:
        status = os.stat(join(root, relative) if relative else root)  # noqa: PTH116 (as above)
    except OSError as error:
        _note_failure(error, relative, notes)
        return None
    return _Step(relative, (status.st_dev, status.st_ino), above)


def _note_failure(error: OSError, relative: str, notes: Notes) -> None:
    notes.add("no-permission" if isinstance(error, PermissionError) else "unreadable-folder", relative or ".")


def _parents(root: str, start: str, notes: Notes) -> _Step | None:
    """The steps from `root` down to the folder above `start`, so that a link back to any of them is known as a loop."""
    above: _Step | None = None
    if start:
        pieces = start.split("/")
        for depth in range(len(pieces)):
            above = _step(root, "/".join(pieces[:depth]), above, notes) or above
    return above


def _is_above(step: _Step) -> bool:
    parent = step.above
    while parent is not None:
        if parent.identity == step.identity:
            return True
        parent = parent.above
    return False
