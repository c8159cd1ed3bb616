"""Photos of a page: a small picture, the name, the label, and the way to the file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from foveal.data.dataset import Dataset
from foveal.reports.thumbnails import thumbnails
from foveal.types.text import printable, shortened

_NAME_WIDTH = 44


class Gallery:
    """The photos of a dataset that a page shows.

    Args:
        dataset: Where they are from.
        rows: Those with a picture.
        page: The page they are shown on; links lead from there.
    """

    def __init__(self, dataset: Dataset, rows: Iterable[int], page: Path) -> None:
        self.dataset = dataset
        self._folder = page.resolve().parent
        self._pictures = thumbnails(dataset, [*rows])

    def photo(self, row: int) -> dict[str, Any]:
        """One photo for a template: `name`, `path`, `file`, `label`, `picture`, `link`; the last two may be empty."""
        path = self.dataset.paths[row]
        return {
            "name": printable(shortened(path, _NAME_WIDTH)),
            "path": printable(path),
            "file": printable(path.rpartition("/")[2]),
            "label": ", ".join(printable(self.dataset.class_names[each]) for each in self._labels(row)),
            "picture": self._pictures.get(row, ""),
            "link": _link(self.dataset.photo(row), self._folder),
        }

    def _labels(self, row: int) -> list[int]:
        dataset = self.dataset
        if dataset.label_sets is None:
            label = int(dataset.labels[row])
            return [label] if label >= 0 else []
        start, end = dataset.label_sets.starts[row : row + 2]
        classes: list[int] = dataset.label_sets.classes[start:end].tolist()
        return classes


def _link(photo: object, folder: Path) -> str:
    """Address of a photo that is a file, as seen from a page in `folder`; empty for one inside an archive."""
    if not isinstance(photo, Path):
        return ""
    try:
        relative = os.path.relpath(photo.resolve(), folder)
    except ValueError:  # another drive
        return photo.resolve().as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))
