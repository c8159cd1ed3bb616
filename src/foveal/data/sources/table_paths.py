"""Where the photos lie that a table names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foveal.errors import FovealError
from foveal.types.text import listing, printable

PHOTO_FOLDERS = frozenset(("images", "image", "imgs", "img", "photos", "pictures", "jpegimages", "data", "files"))
"""Names, lower case, of folders that hold photos and are no class."""

_MOST_FOLDERS = 1000
_SUFFIXES = ("", ".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class PathStyle:
    r"""How a cell becomes a path relative to the root of the dataset.

    Args:
        folder: Put before relative paths, with "/" at the end; may be empty.
        suffix: Put behind; for tables that leave it out.
        backslashes: Whether `\` stands between folders, as Windows writes.
        found: Whether any of the sample's photos lies there.
    """

    folder: str = ""
    suffix: str = ""
    backslashes: bool = False
    found: bool = True

    def path(self, cell: str) -> str:
        """Path of the photo that a cell names."""
        name = cell.replace("\\", "/") if self.backslashes else cell
        while name.startswith("./"):
            name = name[2:].lstrip("/")
        name += self.suffix
        return name if not self.folder or os.path.isabs(name) else self.folder + name  # noqa: PTH117 (a million rows)


def find_style(table: Path, root: Path, inside: str, cells: Sequence[str]) -> PathStyle:
    """How the paths of a table are meant, from a sample of them.

    Relative to the table's folder, if any of the sample lies there. Else where most of them lie: in a folder beside the
    table, in the folder above, or in `images` or the like beside its own; with `.jpg`, `.jpeg` or `.png` added if need
    be.

    Args:
        table: The table.
        root: Folder that paths will be relative to.
        inside: The table's folder, relative to it, with "/" at the end; or empty.
        cells: A sample of its path column.

    Raises:
        FovealError: `photos-elsewhere`: several places would do, or the cells are addresses on the web.
    """
    if cells and all("://" in cell[:12] for cell in cells):
        raise FovealError(
            "photos-elsewhere",
            f"{printable(str(table))}: expected paths of photos on this machine, got addresses: {listing([cells[0]])}",
            hint="download the photos first, then name the files in the table",
        )
    backslashes = any("\\" in cell for cell in cells) and os.sep != "\\" and not _lie(root, PathStyle(inside), cells)
    plain = PathStyle(inside, "", backslashes)
    if not cells or _lie(root, plain, cells):
        return plain
    # beside the table's own folder lie other people's photos too, so only a folder that says it holds photos will do
    above = [name for name in _folders(table.parent / "..") if name.lower().rstrip("/") in PHOTO_FOLDERS]
    beside = [f"{inside}{name}" for name in _folders(table.parent)]
    for suffix in _SUFFIXES:
        for places in ([inside], beside, [f"{inside}../"], [f"{inside}../{name}" for name in above]):
            best = _best(root, [PathStyle(place, suffix, backslashes) for place in places], cells)
            if len(best) > 1:
                raise _several(table, [style.folder for style in best])
            if best:
                return best[0]
    return PathStyle(inside, "", backslashes, found=False)


def _best(root: Path, styles: Sequence[PathStyle], cells: Sequence[str]) -> list[PathStyle]:
    """Those under which most of the sample exists; none if nothing does."""
    lying = {style: count for style in styles if (count := _lie(root, style, cells))}
    return [style for style, count in lying.items() if count == max(lying.values())]


def _lie(root: Path, style: PathStyle, cells: Sequence[str]) -> int:
    """How many of the sample exist."""
    return sum(_exists(root / style.path(cell)) for cell in cells)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _folders(place: Path) -> list[str]:
    """Folders in a place, with "/" at the end; none where there are very many, which are no places to look in."""
    try:
        names = sorted(entry.name for entry in place.iterdir() if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []
    return [f"{name}/" for name in names] if len(names) <= _MOST_FOLDERS else []


def _several(table: Path, folders: list[str]) -> FovealError:
    return FovealError(
        "photos-elsewhere",
        f"{printable(str(table))}: expected one folder in which its photos lie, got {listing(folders)}",
        hint=f"write the folder into the table's paths: {printable(folders[0])}NAME, relative to the table",
    )
