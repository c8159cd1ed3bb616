"""WebDataset shards: tar files in which `000000.jpg` and `000000.json` stand for one photo and what is known of it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from foveal.data.dataset import PART_NAMES, UNLABELLED, Dataset
from foveal.data.photo import Photo
from foveal.data.writers import Progress, Written
from foveal.data.writers.content import content_of
from foveal.data.writers.each_photo import for_each
from foveal.types.text import printable

_SHARD_PHOTOS = 10_000
_SHARD_BYTES = 10**9


class WebdatasetWriter:
    """Writes `train-000000.tar` and so on, each of at most 10,000 photos and about 1 GB.

    The JSON beside a photo says `label` (a name) and its `index`, or `labels`; `group`, and `path`, its name before.
    """

    def check(self, dataset: Dataset) -> None:
        """Refuse nothing: it can say all that a dataset says."""

    def write(self, dataset: Dataset, folder: Path, target: Path, progress: Progress) -> Written:
        """See `Writer`."""
        shards: dict[int, _Shards] = {}

        def put(row: int, photo: Photo) -> None:
            content = content_of(photo)
            part = int(dataset.parts[row])
            if part not in shards:
                shards[part] = _Shards(folder, PART_NAMES[part])
            shards[part].add(content.data, content.suffix, _said(dataset, row))

        try:
            left_out = for_each(dataset, put, progress)
        finally:
            for each in shards.values():
                each.close()
        return Written(len(dataset) - len(left_out), left_out)


class _Shards:
    """The shards of one part."""

    def __init__(self, folder: Path, part: str) -> None:
        self._folder, self._part = folder, part
        self._number = self._photos = self._in_shard = self._bytes = 0
        self._tar: tarfile.TarFile | None = None

    def add(self, data: bytes, suffix: str, said: dict[str, Any]) -> None:
        """Take a photo."""
        if self._in_shard >= _SHARD_PHOTOS or (self._in_shard and self._bytes + len(data) > _SHARD_BYTES):
            self.close()
        if self._tar is None:
            shard = self._folder / f"{self._part}-{self._number:06d}.tar"
            self._tar = tarfile.open(shard, "w")  # noqa: SIM115 (`close` ends it)
            self._number += 1
            self._in_shard = self._bytes = 0
        for name, content in ((suffix.lower(), data), (".json", json.dumps(said).encode())):
            entry = tarfile.TarInfo(f"{self._photos:08d}{name}")
            entry.size = len(content)
            self._tar.addfile(entry, io.BytesIO(content))
            self._bytes += len(content)
        self._photos += 1
        self._in_shard += 1

    def close(self) -> None:
        """End the shard under way."""
        if self._tar is not None:
            self._tar.close()
            self._tar = None


def _said(dataset: Dataset, row: int) -> dict[str, Any]:
    found: dict[str, Any] = {"path": printable(dataset.paths[row])}
    if dataset.label_sets is not None:
        starts = dataset.label_sets.starts
        numbers = dataset.label_sets.classes[starts[row] : starts[row + 1]].tolist()
        found["labels"] = [dataset.class_names[number] for number in numbers]
    elif dataset.labels[row] != UNLABELLED:
        label = int(dataset.labels[row])
        found |= {"label": dataset.class_names[label], "index": label}
    if dataset.groups is not None and dataset.groups[row] >= 0:
        found["group"] = int(dataset.groups[row])
    return found
