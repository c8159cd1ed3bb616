"""A folder of photos for each class, below `train`, `val` and `test` where there are parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import PART_NAMES, UNLABELLED, Dataset
from foveal.data.photo import Photo
from foveal.data.sources.parts import part_of
from foveal.data.writers import Progress, Written
from foveal.data.writers.each_photo import for_each
from foveal.data.writers.files import Files
from foveal.data.writers.refusals import cannot_express
from foveal.data.writers.safe_names import class_folders
from foveal.errors import FovealError
from foveal.types.finding import Finding
from foveal.types.text import listing


class FolderWriter:
    """Writes what `foveal.data.sources.folder` reads: hard links to photos that are files, copies where that fails.

    Groups become numbered folders in the class folders.
    """

    def check(self, dataset: Dataset) -> None:
        """Refuse several labels a photo, groups across classes, and classes that differ in letter case only.

        Raises:
            FovealError: `cannot-express`.
        """
        if dataset.multi_label:
            raise cannot_express("folder", "several labels each", "csv, parquet or webdataset")
        if dataset.groups is not None and not _groups_fit(dataset, dataset.groups):
            raise cannot_express(
                "folder", "groups across classes, or one group for a whole class", "csv, parquet or webdataset"
            )
        if len({name.lower() for name in dataset.class_names}) < len(dataset.class_names):
            raise cannot_express("folder", "class names that differ in letter case only", "csv, parquet or webdataset")

    def write(self, dataset: Dataset, folder: Path, target: Path, progress: Progress) -> Written:
        """See `Writer`; photos without a label among labelled ones are left out and named."""
        folders = class_folders(dataset.class_names)
        tops = {name.partition("/")[0] for name in folders}
        # classes called train and test would be read as parts
        in_parts = bool(dataset.parts.any()) or bool(tops and all(part_of(name) is not None for name in tops))
        files = Files(folder)

        def put(row: int, photo: Photo) -> None:
            label = int(dataset.labels[row])
            if folders and label == UNLABELLED:
                raise _no_label()
            part = PART_NAMES[dataset.parts[row]] if in_parts else ""
            group = -1 if dataset.groups is None else int(dataset.groups[row])
            pieces = [part, folders[label] if folders else "", f"group_{group + 1}" if group >= 0 else ""]
            files.put(photo, "/".join(filter(None, pieces)), dataset.paths[row].rpartition("/")[2])

        left_out = for_each(dataset, put, progress)
        return Written(len(dataset) - len(left_out), left_out, _findings(dataset.class_names, folders))


def _groups_fit(dataset: Dataset, groups: NDArray[np.int64]) -> bool:
    """Whether folders in class folders can be groups: none spans classes, and a class has none or several."""
    known = (groups >= 0) & (dataset.labels >= 0)
    pairs = np.unique(np.stack([groups[known], dataset.labels[known]]), axis=1)
    _, classes = np.unique(pairs[0], return_counts=True)
    _, inside = np.unique(pairs[1], return_counts=True)
    flat = not any("/" in name for name in dataset.class_names)
    return flat and bool((classes == 1).all() and (inside > 1).all())


def _findings(names: tuple[str, ...], folders: tuple[str, ...]) -> tuple[Finding, ...]:
    found = []
    renamed = [f"{name} → {folder}" for name, folder in zip(names, folders, strict=True) if name != folder]
    if renamed:
        message = f"classes whose names no folder can have, written under others ({len(renamed):,}): {listing(renamed)}"
        found.append(Finding("class-renamed", message, tuple(renamed[:20])))
    if any("/" in name for name in names):
        message = "the classes are a hierarchy: read the folder with --classes nested"
        found.append(Finding("written-nested", message))
    return tuple(found)


def _no_label() -> FovealError:
    return FovealError(
        "no-label",
        "it has no label, and folders for classes have no place for such photos",
        hint="write another form: --to csv, parquet or webdataset",
    )
