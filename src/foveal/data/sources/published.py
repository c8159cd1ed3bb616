"""What the sources for published datasets share: the refusals of their files, and the dataset put together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.places import Places
from foveal.data.sources.classes import check_classes, check_label_sets
from foveal.data.sources.notes import Notes
from foveal.errors import FovealError
from foveal.types.finding import Finding
from foveal.types.names import Names
from foveal.types.text import listing, printable

_KEPT = 20
_FEW = 10_000


def damaged(path: Path, expected: str, got: str) -> FovealError:
    """A file of a dataset is cut short or contradicts its own format."""
    return FovealError(
        "dataset-damaged",
        f"{printable(str(path))}: expected {expected}, got {got}",
        hint="copy or download the file again; compare its size with what the publisher states",
    )


def incomplete(path: Path, expected: str, got: str) -> FovealError:
    """A file or folder that belongs to a dataset is missing."""
    return FovealError(
        "dataset-incomplete",
        f"{printable(str(path))}: expected {expected}, got {got}",
        hint="unpack everything that the publisher provides into this folder, under the names it has there",
    )


def miscounted(path: Path, photos: int, labels: int) -> FovealError:
    """There is not one label a photo."""
    return FovealError(
        "label-count",
        f"{printable(str(path))}: expected one label for each of {photos:,} photos, got {labels:,} labels",
        hint="one of the two files is cut short or belongs to another part; download both again",
    )


def empty(path: Path) -> FovealError:
    """A dataset is well formed and holds nothing."""
    return FovealError(
        "no-photos",
        f"expected photos in {printable(str(path))}, got a dataset of none",
        hint="check that its files were copied or downloaded completely",
    )


def several(path: Path, names: Sequence[str], what: str) -> FovealError:
    """A folder holds more than one dataset."""
    return FovealError(
        "several-datasets",
        f"{printable(str(path))}: expected one dataset, got {listing(list(names))}",
        hint=f"name {what}, or keep each dataset in a folder of its own",
    )


def pickled(path: Path, instead: str) -> FovealError:
    """A file could only be read by running what it says."""
    return FovealError(
        "pickle-refused",
        f"{printable(str(path))}: expected plain numbers, got a Python pickle, which can run any program when it is "
        "loaded and is never read",
        hint=instead,
    )


def not_pixels(path: Path, got: str) -> FovealError:
    """An array that should hold photos holds something else."""
    return FovealError(
        "pixel-type",
        f"{printable(str(path))}: expected photos as uint8 [n, H, W] (grey) or [n, H, W, 3] (RGB), got {got}",
        hint="convert them with numpy: (images * 255).round().astype('uint8') for values from 0 to 1, "
        "images.transpose(0, 2, 3, 1) for colours first",
    )


def is_file(path: Path) -> bool:
    """Whether it is a regular file; no where nobody may look, so that detecting a form never fails."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether it is a folder; no where nobody may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def first_bytes(path: Path, count: int) -> bytes:
    """The start of a regular file; nothing where it may not be read or is a pipe, which would wait for its writer."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(count)
    except (OSError, ValueError):
        return b""


def entries(path: Path) -> list[str]:
    """Names in a folder, sorted; none where it may not be listed or is no folder."""
    try:
        with os.scandir(path) as listed:  # `Path.iterdir` makes a path of each, which takes three times as long
            return sorted(entry.name for entry in listed if not entry.name.startswith("."))
    except (OSError, ValueError):
        return []


def few_entries(path: Path) -> list[str]:
    """`entries`, or none where there are more than 10,000: no form is known by a folder of so many.

    A flat folder of a million photos would else be listed by one source after the other, two seconds each.
    """
    names: list[str] = []
    try:
        with os.scandir(path) as listed:
            for entry in listed:
                if len(names) == _FEW:
                    return []
                if not entry.name.startswith("."):
                    names.append(entry.name)
    except (OSError, ValueError):
        return []
    return sorted(names)


def noticed(code: str, text: str, places: Sequence[str], severity: Literal["warning", "error"]) -> tuple[Finding, ...]:
    """Nothing, or a finding that counts places and names the first.

    Args:
        code: Its code.
        text: What was noticed and what was done about it.
        places: What it concerns.
        severity: "error" where photos are missing because of it.
    """
    if not places:
        return ()
    message = f"{text} ({len(places):,}): {listing(list(places[:_KEPT]), count=len(places))}"
    return (Finding(code, message, tuple(places[:_KEPT]), severity),)


def put_together(
    root: Path,
    paths: Iterable[str],
    places: Places | None,
    *,
    parts: NDArray[np.integer[Any]],
    labels: NDArray[np.integer[Any]] | LabelSets | None,
    class_names: Sequence[str],
    groups: NDArray[np.int64] | None = None,
    findings: tuple[Finding, ...] = (),
) -> Dataset:
    """A dataset of photos that a publisher has numbered; classes that no photo shows are left out and named.

    Args:
        root: What the user named.
        paths: Name of each photo.
        places: Where they lie; None for files of their own.
        parts: int [n], part of each.
        labels: int [n], class of each by the publisher's numbers, or several a photo; None where classes do not matter.
        class_names: The publisher's names, by number.
        groups: int64 [n], photos that belong together.
        findings: What was noticed.

    Raises:
        FovealError: `one-class`, `class-mismatch`.
    """
    names = Names(paths)
    where: NDArray[np.int8] = parts.astype(np.int8)
    none = np.full(len(names), UNLABELLED, np.int32)
    if labels is None:
        return Dataset(root, names, none, (), where, findings, places, groups=groups)
    sets = labels if isinstance(labels, LabelSets) else None
    numbers = labels.classes if isinstance(labels, LabelSets) else labels
    shown = np.zeros(len(class_names), np.bool_)
    shown[numbers[numbers >= 0]] = True
    missing = [name for name, is_shown in zip(class_names, shown, strict=True) if not is_shown]
    findings += noticed(
        "class-without-photos", "classes of the dataset that no photo shows, left out", missing, "warning"
    )
    new = np.append(np.cumsum(shown) - 1, UNLABELLED)  # the last entry is what -1 finds
    kept = tuple(name for name, is_shown in zip(class_names, shown, strict=True) if is_shown)
    if sets is not None:
        notes = Notes()
        sets = LabelSets(sets.starts, new[numbers].astype(np.int32))
        check_label_sets(root, kept, sets, where, notes)
        findings += notes.findings()
        return Dataset(root, names, none, kept, where, findings, places, label_sets=sets, groups=groups)
    found = new[numbers].astype(np.int32)
    check_classes(root, kept, found, where)
    return Dataset(root, names, found, kept, where, findings, places, groups=groups)
