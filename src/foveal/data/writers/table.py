"""A CSV table of paths and labels, with photos beside it where they are no files yet."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from foveal.data.dataset import PART_NAMES, UNLABELLED, Dataset
from foveal.data.photo import Photo
from foveal.data.writers import Progress, Written
from foveal.data.writers.content import original
from foveal.data.writers.each_photo import for_each
from foveal.data.writers.files import Files
from foveal.data.writers.refusals import cannot_express

_NAME = "labels.csv"
_BETWEEN = "|"


class TableWriter:
    """Writes `labels.csv` with the columns path, label or labels, split and group.

    Paths are relative to the table and lead to the original files; photos that lie in archives or other files are
    written into `photos/` beside it. UTF-8; several labels stand with `|` between them.
    """

    def check(self, dataset: Dataset) -> None:
        """Refuse several labels a photo with `|` in the name of one.

        Raises:
            FovealError: `cannot-express`.
        """
        if dataset.multi_label and any(_BETWEEN in name for name in dataset.class_names):
            raise cannot_express("csv", f"several labels a photo with {_BETWEEN} in a name", "parquet or webdataset")

    def write(self, dataset: Dataset, folder: Path, target: Path, progress: Progress) -> Written:
        """See `Writer`."""
        files = Files(folder)
        base = target.resolve()
        row_of = _Row(dataset)
        # file names that are no valid UTF-8 reach Python with lone surrogates in them, and must open their files again
        with (folder / _NAME).open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            table = csv.writer(file)
            table.writerow(row_of.header)

            def put(row: int, photo: Photo) -> None:
                source = original(photo)
                if source is None:
                    path = files.put(photo, "photos", dataset.paths[row].rpartition("/")[2])
                else:
                    path = _between(base, source[0])
                table.writerow([path, *row_of.cells(row)])

            left_out = for_each(dataset, put, progress)
        return Written(len(dataset) - len(left_out), left_out)


class _Row:
    """The cells of a row besides the path."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._parts = bool(dataset.parts.any())
        labelled = bool(dataset.class_names)
        # a row of one label would look like several where another usual separator stands in its name
        self._mark = any(other in name for name in dataset.class_names for other in ";, ")
        label = "labels" if dataset.multi_label else "label"
        self.header = ["path", *[label] * labelled, *["split"] * self._parts, *["group"] * (dataset.groups is not None)]

    def cells(self, row: int) -> list[Any]:
        """What the row says."""
        found: list[Any] = []
        dataset = self._dataset
        if dataset.class_names:
            found.append(self._labels(row) if dataset.label_sets is not None else self._label(row))
        if self._parts:
            found.append(PART_NAMES[dataset.parts[row]])
        if dataset.groups is not None:
            found.append(int(dataset.groups[row]) if dataset.groups[row] >= 0 else "")
        return found

    def _label(self, row: int) -> str:
        label = int(self._dataset.labels[row])
        return "" if label == UNLABELLED else self._dataset.class_names[label]

    def _labels(self, row: int) -> str:
        sets = self._dataset.label_sets
        numbers = [] if sets is None else sets.classes[sets.starts[row] : sets.starts[row + 1]].tolist()
        text = _BETWEEN.join(self._dataset.class_names[number] for number in numbers)
        return f"{text}{_BETWEEN}" if text and self._mark else text


def _between(folder: Path, file: Path) -> str:
    """The way from the table to a photo; absolute where there is none, as to another drive."""
    whole = os.path.join(os.path.realpath(file.parent), file.name)  # noqa: PTH118 (a million rows)
    try:
        return Path(os.path.relpath(whole, folder)).as_posix()
    except ValueError:
        return whole
