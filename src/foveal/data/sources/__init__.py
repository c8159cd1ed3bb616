"""Every form in which photos can lie on disk, in the order in which they are tried."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import ClassVar, Protocol

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.errors import unknown_name

SOURCES: dict[str, str] = {
    "imagenet": "foveal.data.sources.imagenet:ImageNetSource",
    "coco": "foveal.data.sources.coco:CocoSource",
    "voc": "foveal.data.sources.voc:VocSource",
    "yolo": "foveal.data.sources.yolo:YoloSource",
    "idx": "foveal.data.sources.idx:IdxSource",
    "cifar": "foveal.data.sources.cifar:CifarSource",
    "npz": "foveal.data.sources.npz:NpzSource",
    "parquet-images": "foveal.data.sources.parquet_images:ParquetImagesSource",
    "names": "foveal.data.sources.name_pattern:NamePatternSource",
    "table": "foveal.data.sources.table:TableSource",
    "webdataset": "foveal.data.sources.webdataset:WebDatasetSource",
    "archive": "foveal.data.sources.archive:ArchiveSource",
    "folder": "foveal.data.sources.folder:FolderSource",
}


class Source(Protocol):
    """One form on disk."""

    options: ClassVar[frozenset[str]]
    """Names of the fields of `ReadOptions` that it follows, besides `labelled`; others are refused before it reads."""

    def detect(self, path: Path) -> bool:
        """Whether an existing path has this form; looks at names and first bytes only, and never raises."""
        ...

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos there; with their classes if `options.labelled`."""
        ...


def source(name: str) -> Source:
    """A source by its name in the table.

    Raises:
        FovealError: `unknown-name`.
    """
    if name not in SOURCES:
        raise unknown_name("source", name, SOURCES)
    module, _, attribute = SOURCES[name].partition(":")
    found: Source = getattr(importlib.import_module(module), attribute)()
    return found
