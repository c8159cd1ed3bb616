"""The refusals of a tree that cannot be learnt from, each with what to change."""

from __future__ import annotations

from pathlib import Path

from foveal.data.sources.notes import Notes
from foveal.data.sources.walk import Tree, join
from foveal.errors import FovealError
from foveal.types.text import listing, printable

_TREE = """put the photos of each class in a folder of its own, in two or more folders:
    photos/
      cat/  1.jpg  2.jpg
      dog/  3.jpg  4.jpg"""


def no_photos(path: Path, notes: Notes, *, labelled: bool) -> FovealError:
    """No photo at all was found; says what was found instead, and `no-permission` where that is why."""
    place = printable(str(path))
    if notes.count("no-permission"):
        return FovealError(
            "no-permission",
            f"expected photos in {place}, got folders that may not be opened: {notes.names('no-permission')}",
            hint="give yourself permission to read them, or name another folder",
        )
    if notes.count("unreadable-folder"):
        got = f"folders that the system could not read: {notes.names('unreadable-folder')}"
    elif notes.count("archive-damaged"):
        got = f"an archive that is damaged before its first photo: {notes.names('archive-damaged')}"
    elif notes.count("table-in-archive"):
        got = f"a table, which is not read inside an archive: {notes.names('table-in-archive')}"
    elif notes.count("not-photos"):
        got = f"only files that are not photos by their suffix: {notes.names('not-photos')}"
    elif notes.count("broken-link"):
        got = f"only links that lead nowhere: {notes.names('broken-link')}"
    else:
        got = "no files"
    return FovealError(
        "no-photos",
        f"expected photos in {place}, got {got}",
        hint=_TREE if labelled else "name a folder that holds photos",
    )


def one_class(tree: Tree, train: str, names: list[str], notes: Notes) -> FovealError:
    """Fewer than two classes have photos; looks one level down for the folder that may have been meant."""
    path = tree.root / train
    got = f"only {names[0]!r}" if names else "none"
    loose = notes.count("photos-outside-classes")
    if loose:
        got += f", and photos outside class folders ({loose:,})"
    table = notes.names("table-in-archive")
    if table:
        got += f", and a table, which is not read inside an archive ({table})"
    hint = _TREE
    if loose and tree.root.is_dir():
        hint += "\nor, where the file names say what the photos show, give the pattern: --label-from '{label}_{n}.jpg'"
    inside = tree.list_folder(join(train, names[0]), Notes()).folders if names else []
    if len(inside) > 1:
        hint = f"if the classes lie one level down ({listing(inside)}), name {printable(str(path / names[0]))} instead"
    if table:
        hint = "unpack the archive, and name the table or the folder it lies in; or " + hint
    return FovealError(
        "one-class", f"expected two or more class folders with photos in {printable(str(path))}, got {got}", hint=hint
    )


def class_case(path: Path, first: str, second: str) -> FovealError:
    """Two class folders differ in letter case only: one class on some systems, two on others."""
    return FovealError(
        "class-case",
        f"expected class names that differ in more than letter case, got {first!r} and {second!r} in "
        f"{printable(str(path))}",
        hint="rename one of the folders, or move the photos of both into one",
    )


def class_twice(path: Path, first: str, second: str, name: str) -> FovealError:
    """Two folders look the same and differ in their bytes only."""
    return FovealError(
        "class-twice",
        f"expected one folder for the class {name!r} in {printable(str(path))}, got two that are spelled with "
        f"different Unicode characters: {first!a} and {second!a}",
        hint="move the photos of both into one folder",
    )


def part_twice(path: Path, part: str, folders: list[str]) -> FovealError:
    """Two folders stand for the same part."""
    return FovealError(
        "part-twice",
        f"expected one {part} folder in {printable(str(path))}, got {listing(folders)}",
        hint="rename or merge them",
    )


def class_mismatch(path: Path, part: str, names: list[str]) -> FovealError:
    """A part to measure on has classes that could not be learnt."""
    return FovealError(
        "class-mismatch",
        f"expected the classes of the {part} part of {printable(str(path))} to have photos in its train part too, got "
        f"{listing(names)} in {part} only",
        hint=f"spell the class folders alike, add train photos for them, or take them out of {part}",
    )
