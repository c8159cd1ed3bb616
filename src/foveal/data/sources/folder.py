"""A folder of photos for each class, as such or below `train`, `val` and `test`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np

from foveal.data.dataset import PART_NAMES, UNLABELLED, Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources import refusals
from foveal.data.sources.names import class_name, natural_key
from foveal.data.sources.notes import Notes
from foveal.data.sources.walk import Listing, join, list_folder, walk
from foveal.types.text import printable

PART_FOLDERS = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}

Photos = dict[tuple[int, str], list[str]]
"""Paths by (part, class name)."""


class FolderSource:
    """Folders give the classes: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg` and `photos/test/cat/2.jpg`.

    There are parts when a `train` folder exists, in any letter case, and all folders beside it are called `val`,
    `valid`, `validation` or `test`. Photos count at any depth below a class folder. Hidden files and folders,
    `__MACOSX`, `Thumbs.db` and `desktop.ini` do not exist for it. Classes are in natural order of their names.
    """

    options: ClassVar[frozenset[str]] = frozenset({"classes"})

    def detect(self, path: Path) -> bool:
        """Whether it is a folder."""
        return path.is_dir()

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos below a folder.

        Args:
            path: The folder.
            options: `labelled`: whether the folders give the classes.

        Raises:
            FovealError: `no-permission`, `no-photos`; labelled also `one-class`, `class-case`, `class-twice`,
                `part-twice`, `class-mismatch`.
        """
        return _read_labelled(path) if options.labelled else _read_unlabelled(path)


def _read_unlabelled(path: Path) -> Dataset:
    notes = Notes()
    paths = walk(str(path), "", notes)
    if not paths:
        raise refusals.no_photos(path, notes, labelled=False)
    labels = np.full(len(paths), UNLABELLED, dtype=np.int32)
    return Dataset(path, tuple(paths), labels, (), np.zeros(len(paths), dtype=np.int8), notes.findings())


def _read_labelled(path: Path) -> Dataset:
    notes = Notes()
    root = str(path)
    top = list_folder(root, "", notes)
    parts = _part_folders(path, top.folders)
    photos: Photos = {}
    if parts is None:
        photos = _read_part(path, 0, "", top, notes)
    else:
        for photo in top.photos:
            notes.add("photos-outside-classes", photo)
        for folder, part in sorted(parts.items(), key=lambda item: item[1]):
            photos |= _read_part(path, part, folder, list_folder(root, folder, notes), notes)
    train = next((folder for folder, part in (parts or {}).items() if part == 0), "")
    names = _class_names(path, train, photos, notes)
    return _assemble(path, photos, names, notes)


def _part_folders(path: Path, folders: list[str]) -> dict[str, int] | None:
    """Part of each folder, or None where they are classes: `train` beside `bus` is a vehicle."""
    parts = {folder: PART_FOLDERS.get(folder.lower()) for folder in folders}
    known = {folder: part for folder, part in parts.items() if part is not None}
    if len(known) < len(parts) or 0 not in known.values():
        return None
    for part, name in enumerate(PART_NAMES):
        same = [folder for folder, number in known.items() if number == part]
        if len(same) > 1:
            raise refusals.part_twice(path, name, same)
    return known


def _read_part(path: Path, part: int, prefix: str, listing: Listing, notes: Notes) -> Photos:
    for photo in listing.photos:
        notes.add("photos-outside-classes", join(prefix, photo))
    photos: Photos = {}
    spelled: dict[str, str] = {}
    for folder in listing.folders:
        name = class_name(folder)
        relative = join(prefix, folder)
        if name in spelled:
            raise refusals.class_twice(path, join(prefix, spelled[name]), relative, name)
        spelled[name] = folder
        if printable(folder) != folder:
            notes.add("undecodable-name", relative)
        photos[part, name] = walk(str(path), relative, notes)
        if not photos[part, name]:
            notes.add("empty-class", relative)
    return photos


def _class_names(path: Path, train: str, photos: Photos, notes: Notes) -> tuple[str, ...]:
    """Names of the classes to learn, after refusing what cannot be learnt from."""
    _refuse_letter_case(path, {name for _, name in photos})
    filled = {key for key, paths in photos.items() if paths}
    if not filled and not notes.count("photos-outside-classes"):
        raise refusals.no_photos(path, notes, labelled=True)
    learnt = {name for part, name in filled if part == 0}
    if len(learnt) < 2:
        raise refusals.one_class(path / train, sorted(learnt), notes)
    for part, part_name in enumerate(PART_NAMES):
        strange = {name for number, name in filled if number == part} - learnt
        if strange:
            raise refusals.class_mismatch(path, part_name, sorted(strange, key=natural_key))
    return tuple(sorted(learnt, key=natural_key))


def _refuse_letter_case(path: Path, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in sorted(names):
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise refusals.class_case(path, other, name)


def _assemble(path: Path, photos: Photos, names: tuple[str, ...], notes: Notes) -> Dataset:
    keys = [(part, label) for part in range(len(PART_NAMES)) for label in range(len(names))]
    sizes = [len(photos.get((part, names[label]), ())) for part, label in keys]
    paths = tuple(one for part, label in keys for one in photos.get((part, names[label]), ()))
    labels = np.repeat(np.array([label for _, label in keys], dtype=np.int32), sizes)
    parts = np.repeat(np.array([part for part, _ in keys], dtype=np.int8), sizes)
    return Dataset(path, paths, labels, names, parts, notes.findings())
