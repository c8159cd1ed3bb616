"""A dataset of boxes cut from photos, from whatever form the boxes are published in."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data.crops import Crops
from foveal.data.dataset import Dataset
from foveal.data.sources.names import natural_key
from foveal.data.sources.published import empty, noticed, put_together
from foveal.types.finding import Finding
from foveal.types.names import Names


class Boxes:
    """Collects photos and the boxes in them, 24 bytes a box.

    Args:
        class_names: Name of each class by number; more may be added by `label`.
    """

    def __init__(self, class_names: Sequence[str] = ()) -> None:
        self.class_names = list(class_names)
        self._label = {name: number for number, name in enumerate(self.class_names)}
        self._files: list[str] = []
        self._parts = array("b")
        self._which = array("i")
        self._labels = array("i")
        self._xyxy = array("f")

    def label(self, name: str) -> int:
        """The number of a class, new or known."""
        number = self._label.setdefault(name, len(self.class_names))
        if number == len(self.class_names):
            self.class_names.append(name)
        return number

    def photo(self, file: str, part: int) -> int:
        """Add a photo; returns its number."""
        self._files.append(file)
        self._parts.append(part)
        return len(self._files) - 1

    def box(self, photo: int, label: int, box_xyxy: Sequence[float]) -> None:
        """Add a box; one that encloses nothing is named and left out at the end.

        Args:
            photo: Number of its photo.
            label: Number of its class.
            box_xyxy: As `Crops` wants them.
        """
        self._which.append(photo)
        self._labels.append(label)
        self._xyxy.extend(box_xyxy)

    def sort_classes(self) -> None:
        """Number the classes in the natural order of their names instead of as they were met."""
        names = sorted(self.class_names, key=natural_key)
        moved = {self._label[name]: number for number, name in enumerate(names)}
        self._labels = array("i", (moved[label] for label in self._labels))
        self.class_names, self._label = names, {name: number for number, name in enumerate(names)}

    def dataset(
        self, root: Path, base: Path, *, labelled: bool, in_parts: bool = False, findings: tuple[Finding, ...] = ()
    ) -> Dataset:
        """Every box as a photo; the boxes of one photo share a group.

        Args:
            root: What the user named.
            base: Folder the files' names start from.
            labelled: Whether the classes matter.
            in_parts: Whether boxes are in parts of the photo's size.
            findings: What was noticed.

        Raises:
            FovealError: `no-photos`: no box at all. `one-class`, `class-mismatch`.
        """
        which, labels = np.frombuffer(self._which, np.int32), np.frombuffer(self._labels, np.int32)
        boxes = np.frombuffer(self._xyxy, np.float32).reshape(-1, 4)
        with np.errstate(invalid="ignore"):  # infinity less infinity, in a file that says so
            sides = boxes[:, 2:] - boxes[:, :2]
        good = np.isfinite(boxes).all(axis=1) & (sides > 0).all(axis=1)
        without = np.bincount(which, minlength=len(self._files)) == 0
        findings += noticed(
            "empty-boxes",
            "boxes that enclose nothing, left out",
            [self._files[number] for number in which[~good]],
            "error",
        )
        findings += noticed(
            "photos-without-boxes",
            "photos without any box, left out",
            list(itertools.compress(self._files, without)),
            "warning",
        )
        rows = np.flatnonzero(good)
        if not len(rows):
            raise empty(root)
        rows = rows[np.argsort(which[rows], kind="stable")]
        which = which[rows]
        places = Crops(root=base, files=Names(self._files), which=which, boxes_xyxy=boxes[rows], in_parts=in_parts)
        return put_together(
            root,
            _names(self._files, which),
            places,
            parts=np.frombuffer(self._parts, np.int8)[which],
            labels=labels[rows] if labelled else None,
            class_names=self.class_names if labelled else (),
            groups=which.astype(np.int64),
            findings=findings,
        )


def _names(files: Sequence[str], which: NDArray[np.int32]) -> Iterator[str]:
    """`train2017/000000000009.jpg#2` is the second box of that photo."""
    for photo, same in itertools.groupby(which.tolist()):
        for number, _ in enumerate(same, start=1):
            yield f"{files[photo]}#{number}"
