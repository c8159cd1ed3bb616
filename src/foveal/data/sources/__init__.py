"""Every form in which photos can lie on disk, in the order in which they are tried."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from foveal.data.dataset import Dataset

SOURCES: dict[str, str] = {
    "folder": "foveal.data.sources.folder:FolderSource",
}


class Source(Protocol):
    """One form on disk."""

    def detect(self, path: Path) -> bool:
        """Whether an existing path has this form."""
        ...

    def read(self, path: Path, *, labelled: bool) -> Dataset:
        """The photos there; with their classes if `labelled`."""
        ...


def sources() -> Iterator[Source]:
    """An instance of every source in the table, imported as it is reached."""
    for target in SOURCES.values():
        module, _, name = target.partition(":")
        source: Source = getattr(importlib.import_module(module), name)()
        yield source
