"""Every form in which photos can be written."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from foveal.data.dataset import Dataset
from foveal.errors import unknown_name
from foveal.types.finding import Finding

WRITERS: dict[str, str] = {
    "folder": "foveal.data.writers.folder:FolderWriter",
    "csv": "foveal.data.writers.table:TableWriter",
    "parquet": "foveal.data.writers.parquet:ParquetWriter",
    "webdataset": "foveal.data.writers.webdataset:WebdatasetWriter",
}

Progress = Callable[[int, int], None]
"""Is told how many photos are done, of how many."""


@dataclass(frozen=True)
class Written:
    """What came of writing.

    Args:
        photos: How many were written.
        left_out: Name of each photo that was not, with the reason.
        findings: What the form could not say as it was.
    """

    photos: int
    left_out: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()


class Writer(Protocol):
    """One form on disk."""

    def check(self, dataset: Dataset) -> None:
        """Refuse what the form cannot express, before anything is written.

        Raises:
            FovealError: `cannot-express`, `needs-extra`.
        """
        ...

    def write(self, dataset: Dataset, folder: Path, target: Path, progress: Progress) -> Written:
        """Write the photos.

        Args:
            dataset: The photos.
            folder: An empty folder to write into.
            target: Where it will lie in the end.
            progress: Is told of every photo.
        """
        ...


def writer(name: str) -> Writer:
    """A writer by its name in the table.

    Raises:
        FovealError: `unknown-name`.
    """
    if name not in WRITERS:
        raise unknown_name("form to write", name, WRITERS)
    module, _, attribute = WRITERS[name].partition(":")
    found: Writer = getattr(importlib.import_module(module), attribute)()
    return found
