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

_OTHERS = "csv, parquet or webdataset"


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
            raise cannot_express("folder", "photos with any number of labels each", _OTHERS)
        unfit = "" if dataset.groups is None else _unfit_groups(dataset, dataset.groups)
        if unfit:
            raise cannot_express("folder", unfit, _OTHERS)
        if len({name.lower() for name in dataset.class_names}) < len(dataset.class_names):
            raise cannot_express("folder", "class names that differ in letter case only", _OTHERS)

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


def _unfit_groups(dataset: Dataset, groups: NDArray[np.int64]) -> str:
    """Why folders in class folders cannot be these groups; empty where they can."""
    known = (groups >= 0) & (dataset.labels >= 0)
    pairs = np.unique(np.stack([groups[known], dataset.labels[known]]), axis=1)
    _, classes = np.unique(pairs[0], return_counts=True)
    labels, inside = np.unique(pairs[1], return_counts=True)
    if known.any() and any("/" in name for name in dataset.class_names):
        return "groups of photos in a hierarchy of classes, whose folders would be taken for classes"
    if (classes > 1).any():
        return "groups that hold photos of several classes"
    whole = [dataset.class_names[label] for label in labels[inside == 1].tolist()]
    return f"classes with a single group: {listing(whole)}" if whole else ""


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
