"""Folders inside class folders: classes of a hierarchy, groups of photos, or nothing of importance."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.sources import refusals
from foveal.data.sources.groups import numbered, of_text
from foveal.data.sources.names import class_name
from foveal.data.sources.notes import Notes
from foveal.types.text import printable

Photos = dict[tuple[int, str], list[str]]
"""Paths by (part, class name)."""

_NOT_LETTERS = re.compile(r"[\W\d_]+")


def nest(path: Path, photos: Photos, depth: int, classes: str, notes: Notes) -> Photos:
    """The photos by the class that their folder stands for, in a hierarchy where that is what the folders mean.

    "auto" takes folders in class folders for classes only where no class folder holds photos itself, at least one holds
    two or more folders, no folder name occurs twice, and the names differ in more than digits: `animal/cat` and
    `animal/dog` are classes, `malignant/patient_1` and `malignant/patient_2` are not.

    Args:
        path: The folder that was read, for refusals.
        photos: By part and top folder.
        depth: Folders above the class folders, as `train`.
        classes: "auto", "top" or "nested".
        notes: Takes what was made of the folders.

    Raises:
        FovealError: `class-twice`: two folders whose names look alike.
    """
    folders = {folder for paths in photos.values() for folder in _folders(paths, depth)}
    if classes == "top" or (classes == "auto" and not _is_hierarchy(folders)):
        return photos
    found: Photos = {key: [] for key, paths in photos.items() if not paths}
    for (part, _), paths in photos.items():
        spelled: dict[str, str] = {}
        for one in paths:
            folder = folder_of(one, depth)
            name = "/".join(map(class_name, folder.split("/")))
            if spelled.setdefault(name, folder) != folder:
                raise refusals.class_twice(path, spelled[name], folder, name)
            if (part, name) not in found and printable(folder) != folder and "/" in folder:
                notes.add("undecodable-name", folder)
            found.setdefault((part, name), []).append(one)
    if classes == "auto":
        for name in sorted({name for (_, name), paths in found.items() if paths and "/" in name}):
            notes.add("nested-classes", name)
    return found


def folder_groups(
    paths: Iterable[str], photos: Photos, depth: int, classes: str, notes: Notes
) -> NDArray[np.int64] | None:
    """Groups from numbered folders inside class folders: patients, videos, days.

    The first folder below the class folder that has a digit in its name makes the group. A class that lies in one such
    folder as a whole has no groups, since it could never be measured if its photos stayed together.

    Args:
        paths: Every photo, in the order of the dataset.
        photos: By part and top folder.
        depth: Folders above the class folders.
        classes: "auto" also notes folders that make neither classes nor groups.
        notes: Takes the folders that make groups.

    Returns:
        int64 [n], -1 = on its own; None for no groups.
    """
    grouping: dict[str, str] = {}
    by_class: dict[str, set[str]] = {}
    for (_, name), same in photos.items():
        by_class.setdefault(name, set()).update(_folders(same, depth))
    for folders in by_class.values():
        of_folder = {folder: _numbered_folder(folder) for folder in folders}
        if len({group for group in of_folder.values() if group}) > 1:
            grouping |= of_folder
        inside = sorted(folder for folder in folders if "/" in folder)
        if classes == "auto" and len(inside) > 1 and not any(of_folder.values()):
            for folder in inside:
                notes.add("subfolders-joined", folder)
    if not grouping:
        return None
    for group in sorted({group for group in grouping.values() if group}):
        notes.add("subfolder-groups", group)
    numbers = {folder: of_text(group) for folder, group in grouping.items()}
    return numbered(np.array([numbers.get(folder_of(path, depth), -1) for path in paths], np.int64))


def folder_of(path: str, depth: int) -> str:
    """The folder of a photo, below the folders above the class folders."""
    return "/".join(path.split("/")[depth:-1])


def _folders(paths: Iterable[str], depth: int) -> Iterator[str]:
    """Folders that hold photos; photos of one folder follow each other."""
    last = None
    for path in paths:
        folder, _, _ = path.rpartition("/")
        if folder != last:
            last = folder
            yield folder_of(path, depth)


def _is_hierarchy(folders: Collection[str]) -> bool:
    tops = [folder.partition("/")[0] for folder in folders]
    leaves = [_NOT_LETTERS.sub("", folder.rpartition("/")[2].lower()) for folder in folders]
    inner = {above for folder in folders for above in _above(folder)}
    return (
        all("/" in folder for folder in folders)
        and len(folders) > len(set(tops)) > 1
        and len(set(leaves)) == len(leaves)
        and all(leaves)
        and not inner & set(folders)
    )


def _above(folder: str) -> Iterator[str]:
    pieces = folder.split("/")
    return ("/".join(pieces[:depth]) for depth in range(1, len(pieces)))


def _numbered_folder(folder: str) -> str:
    """The folder down to the first one in the class folder whose name has a digit; empty for none."""
    pieces = folder.split("/")
    first = next((at for at, piece in enumerate(pieces) if at and any(map(str.isdigit, piece))), None)
    return "" if first is None else "/".join(pieces[: first + 1])
