"""A folder of photos for each class, as such or below `train`, `val` and `test`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from foveal.data.dataset import PART_NAMES, UNLABELLED, Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources import refusals
from foveal.data.sources.names import class_name, natural_key
from foveal.data.sources.nested import Photos, folder_groups, nest
from foveal.data.sources.notes import Notes
from foveal.data.sources.parts import PART_WORDS
from foveal.data.sources.walk import DiskTree, Listing, Tree, join
from foveal.types.names import Names
from foveal.types.text import printable


class FolderSource:
    """Folders give the classes: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg` and `photos/test/cat/2.jpg`.

    There are parts when a `train` folder exists, in any letter case, and all folders of photos beside it are called
    `val`, `valid`, `validation`, `dev` or `test`; or where two such folders hold nothing but folders. Photos count at
    any depth below a class folder; folders in it are classes of a hierarchy, groups or neither, as `options.classes`
    and their names say (`foveal.data.sources.nested`). Hidden files and folders, `__MACOSX`, `Thumbs.db` and
    `desktop.ini` do not exist for it. Classes are in natural order of their names.
    """

    options: ClassVar[frozenset[str]] = frozenset({"classes"})

    def detect(self, path: Path) -> bool:
        """Whether it is a folder."""
        return os.path.isdir(path)  # noqa: PTH112 (`Path.is_dir` raises below a folder that may not be opened)

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos below a folder.

        Args:
            path: The folder.
            options: `labelled`: whether the folders give the classes. `classes`: what folders in them are.

        Raises:
            FovealError: `no-permission`, `no-photos`; labelled also `one-class`, `class-case`, `class-twice`,
                `part-twice`, `class-mismatch`.
        """
        return read_tree(DiskTree(path), options)


def read_tree(tree: Tree, options: ReadOptions, notes: Notes | None = None) -> Dataset:
    """The photos of a tree of folders, on disk or inside an archive, with the classes that its folders give.

    Args:
        tree: The folders.
        options: See `FolderSource.read`.
        notes: What was noticed already.

    Raises:
        FovealError: See `FolderSource.read`.
    """
    notes = notes or Notes()
    return _read_labelled(tree, options.classes, notes) if options.labelled else _read_unlabelled(tree, notes)


def _read_unlabelled(tree: Tree, notes: Notes) -> Dataset:
    paths = tree.walk(tree.start, notes)
    if not paths:
        raise refusals.no_photos(tree.root, notes, labelled=False)
    labels = np.full(len(paths), UNLABELLED, dtype=np.int32)
    return Dataset(tree.root, tuple(paths), labels, (), np.zeros(len(paths), dtype=np.int8), notes.findings())


def _read_labelled(tree: Tree, classes: str, notes: Notes) -> Dataset:
    top = tree.list_folder(tree.start, notes)
    parts = _part_folders(tree, top.folders, notes)
    photos: Photos = {}
    if parts is None:
        photos = _read_part(tree, 0, tree.start, top, notes)
    else:
        for photo in top.photos:
            notes.add("photos-outside-classes", join(tree.start, photo))
        for folder, part in sorted(parts.items(), key=lambda item: item[1]):
            relative = join(tree.start, folder)
            photos |= _read_part(tree, part, relative, tree.list_folder(relative, notes), notes)
    train = next((folder for folder, part in (parts or {}).items() if part == 0), "")
    depth = len([piece for piece in tree.start.split("/") if piece]) + (parts is not None)
    by_class = nest(tree.root, photos, depth, classes, notes)
    names = _class_names(tree, join(tree.start, train) if train else tree.start, by_class, notes)
    found = _assemble(tree.root, by_class, names, notes)
    groups = folder_groups(found.paths, photos, depth, classes, notes) if by_class is photos else None
    return replace(found, groups=groups, findings=notes.findings())


def _part_folders(tree: Tree, folders: list[str], notes: Notes) -> dict[str, int] | None:
    """Part of each folder, or None where they are classes: `train` beside `bus` is a vehicle."""
    parts = {folder: PART_WORDS.get(folder.lower()) for folder in folders}
    known = {folder: part for folder, part in parts.items() if part is not None}
    if 0 not in known.values():
        return None
    others = [folder for folder, part in parts.items() if part is None]
    found = {folder: tree.walk(join(tree.start, folder), Notes()) for folder in others}
    if any(found.values()) and not _hold_classes(tree, known):
        return None
    for folder, photos in found.items():
        if not photos:
            notes.add("empty-class", join(tree.start, folder))
        for photo in photos:
            notes.add("photos-outside-classes", photo)
    for part, name in enumerate(PART_NAMES):
        same = [folder for folder, number in known.items() if number == part]
        if len(same) > 1:
            raise refusals.part_twice(tree.root, name, same)
    return known


def _hold_classes(tree: Tree, parts: Iterable[str]) -> bool:
    """Whether folders called as parts are, two or more, hold folders and no photos: no classes are built so."""
    listed = [tree.list_folder(join(tree.start, folder), Notes()) for folder in parts]
    return len(listed) > 1 and all(each.folders and not each.photos for each in listed)


def _read_part(tree: Tree, part: int, prefix: str, listing: Listing, notes: Notes) -> Photos:
    for photo in listing.photos:
        notes.add("photos-outside-classes", join(prefix, photo))
    photos: Photos = {}
    spelled: dict[str, str] = {}
    for folder in listing.folders:
        name = class_name(folder)
        relative = join(prefix, folder)
        if name in spelled:
            raise refusals.class_twice(tree.root, join(prefix, spelled[name]), relative, name)
        spelled[name] = folder
        if printable(folder) != folder:
            notes.add("undecodable-name", relative)
        photos[part, name] = tree.walk(relative, notes)
        if not photos[part, name]:
            notes.add("empty-class", relative)
    return photos


def _class_names(tree: Tree, train: str, photos: Photos, notes: Notes) -> tuple[str, ...]:
    """Names of the classes to learn, after refusing what cannot be learnt from."""
    _refuse_letter_case(tree.root, {name for _, name in photos})
    filled = {key for key, paths in photos.items() if paths}
    if not filled and not notes.count("photos-outside-classes"):
        raise refusals.no_photos(tree.root, notes, labelled=True)
    learnt = {name for part, name in filled if part == 0}
    if len(learnt) < 2:
        raise refusals.one_class(tree, train, sorted(learnt), notes)
    for part, part_name in enumerate(PART_NAMES):
        strange = {name for number, name in filled if number == part} - learnt
        if strange:
            raise refusals.class_mismatch(tree.root, part_name, sorted(strange, key=natural_key))
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
    paths = Names(one for part, label in keys for one in photos.get((part, names[label]), ()))
    labels = np.repeat(np.array([label for _, label in keys], dtype=np.int32), sizes)
    parts = np.repeat(np.array([part for part, _ in keys], dtype=np.int8), sizes)
    return Dataset(path, paths, labels, names, parts, notes.findings())
