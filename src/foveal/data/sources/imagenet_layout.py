"""Where the pieces of ILSVRC2012 lie: as published, unpacked wholly or in part, or in Kaggle's folders."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from foveal.data.sources.published import entries

WNID = re.compile(r"n\d{8}")
VAL_NAME = re.compile(r"ILSVRC2012_val_(\d{8})\.JPEG", re.IGNORECASE)

TRAIN_TAR, VAL_TAR = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
_CLASS_TAR = re.compile(r"n\d{8}\.tar")
_KAGGLE = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC")
_VAL_FOLDERS = ("val", "valid", "validation")
_LOOKED_AT = 50


@dataclass(frozen=True)
class Layout:
    """The pieces that are there.

    Args:
        root: Folder the paths start from.
        train: Folder of folders or tars by WordNet id, or the tar of tars.
        val: Folder of folders by WordNet id or of photos, or the tar of photos.
        test: Folder of photos.
        beside: Folders in which files that say more of the photos may lie.
        unknown: Names of folders called as the val photos' are that hold neither classes nor those photos.
    """

    root: Path
    train: Path | None
    val: Path | None
    test: Path | None
    beside: tuple[Path, ...] = field(default=())
    unknown: tuple[str, ...] = ()

    def find(self, *names: str) -> Path | None:
        """The first file of any of these names in any of the folders beside."""
        return next(
            (each / name for each, name in itertools.product(self.beside, names) if (each / name).is_file()), None
        )


def layout(path: Path) -> Layout | None:
    """What of ILSVRC2012 is at a path; None where it is something else.

    Args:
        path: The folder of everything, or one of its pieces: a tar as published, or the folder of val photos.
    """
    if path.is_file():
        train, val = (path if path.name == name else None for name in (TRAIN_TAR, VAL_TAR))
        return Layout(path.parent, train, val, None, _beside(path.parent)) if train or val else None
    if _flat(path):
        return Layout(path, None, path, None, _beside(path, path.parent))
    photos = next((path / each for each in _KAGGLE if (path / each).is_dir()), path)
    train = _first(photos / "train", by_class=True) or _tar(TRAIN_TAR, photos, path)
    val = next(filter(None, (_first(photos / name) for name in _VAL_FOLDERS)), None) or _tar(VAL_TAR, photos, path)
    if train is None and val is None:
        return None
    test = photos / "test"
    unknown = tuple(name for name in _VAL_FOLDERS if photos / name != val and _listed(photos / name))
    return Layout(path, train, val, test if test.is_dir() else None, _beside(path, photos, path.parent), unknown)


def is_by_class(folder: Path) -> bool:
    """Whether a folder holds folders or tars by WordNet id, and no others; looks at the first entries only."""
    found = _listed(folder)
    return bool(found) and all(WNID.fullmatch(name) or _CLASS_TAR.fullmatch(name) for name in found)


def _flat(folder: Path) -> bool:
    found = _listed(folder)
    return any(VAL_NAME.fullmatch(name) for name in found)


def _first(folder: Path, *, by_class: bool = False) -> Path | None:
    return folder if is_by_class(folder) or (not by_class and _flat(folder)) else None


def _tar(name: str, *folders: Path) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _listed(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            shown = (entry.name for entry in found if not entry.name.startswith("."))
            return list(itertools.islice(shown, _LOOKED_AT))
    except (OSError, ValueError):
        return []


def _beside(*folders: Path) -> tuple[Path, ...]:
    """The folders themselves, and those of the development kit in them."""
    found: dict[Path, None] = {}
    for folder in folders:
        found[folder] = None
        for name in entries(folder):
            if "devkit" in name.lower() and (folder / name).is_dir():
                found |= {folder / name: None, folder / name / "data": None}
    return tuple(found)
