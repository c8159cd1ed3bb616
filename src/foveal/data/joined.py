"""Several datasets, or several places, as one: photos of a folder beside those of an archive."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.photo import FilePhoto, Photo
from foveal.data.places import Places
from foveal.types.finding import Finding
from foveal.types.names import Names


@dataclass(frozen=True, eq=False)
class Files:
    """Photos that are files of their own, among others that are not.

    Args:
        root: Folder their names start from.
        count: How many.
    """

    root: Path
    count: int

    def photo(self, index: int, name: str) -> Photo:
        """See `Places`."""
        return FilePhoto(self.root / name)

    def take(self, rows: NDArray[np.integer[Any]]) -> Files:
        """See `Places`."""
        return Files(self.root, len(rows))

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True, eq=False)
class Joined:
    """Photos that lie in several places. 12 bytes a photo besides what the places take.

    Args:
        parts: The places.
        prefixes: int for each part: characters at the start of a photo's name that the part itself does not know.
        which: int32 [n], index into `parts`.
        inner: int64 [n], index in that part.
    """

    parts: tuple[Places, ...]
    prefixes: tuple[int, ...]
    which: NDArray[np.int32]
    inner: NDArray[np.int64]

    def photo(self, index: int, name: str) -> Photo:
        """See `Places`."""
        part = int(self.which[index])
        return self.parts[part].photo(int(self.inner[index]), name[self.prefixes[part] :])

    def take(self, rows: NDArray[np.integer[Any]]) -> Joined:
        """See `Places`."""
        return Joined(self.parts, self.prefixes, self.which[rows], self.inner[rows])

    def __len__(self) -> int:
        return len(self.which)


def join_places(parts: Sequence[Places]) -> Places:
    """Several places one after the other, whose photos keep their names."""
    if len(parts) == 1:
        return parts[0]
    sizes = [len(part) for part in parts]
    which = np.repeat(np.arange(len(parts), dtype=np.int32), sizes)
    inner = np.concatenate([np.arange(size) for size in sizes]) if parts else np.empty(0, np.int64)
    return Joined(tuple(parts), (0,) * len(parts), which, inner)


def join_unlabelled(datasets: Sequence[Dataset]) -> Dataset:
    """Several datasets as one without classes, in order; a photo that is there twice counts once.

    Args:
        datasets: Each with its own root; names in the result begin with it.
    """
    which, inner = array("i"), array("q")

    def names() -> Iterator[str]:
        seen: set[str] = set()
        for number, dataset in enumerate(datasets):
            root, absolute = dataset.root.as_posix(), str(dataset.root.resolve())
            # An archive holds each of its photos once, and is the same photos whenever it is named.
            if dataset.places is not None and absolute in seen:
                continue
            seen.add(absolute)
            for row, name in enumerate(dataset.paths):
                if dataset.places is None:
                    key = os.path.join(absolute, name)  # noqa: PTH118 (a Path for each of a million is slow)
                    if key in seen:
                        continue
                    seen.add(key)
                which.append(number)
                inner.append(row)
                yield _below(root, name, is_file=dataset.places is None)

    paths = Names(names())
    places = None
    if any(dataset.places is not None for dataset in datasets):
        parts = tuple(Files(Path(), len(each)) if each.places is None else each.places for each in datasets)
        prefixes = tuple(0 if each.places is None else len(_below(each.root.as_posix(), "")) for each in datasets)
        places = Joined(parts, prefixes, np.array(which, np.int32), np.array(inner, np.int64))
    labels = np.full(len(paths), UNLABELLED, np.int32)
    parts_of = np.zeros(len(paths), np.int8)
    return Dataset(Path(), paths, labels, (), parts_of, tuple(_findings(datasets)), places)


def _below(root: str, name: str, *, is_file: bool = False) -> str:
    if root in ("", ".") or (is_file and os.path.isabs(name)):  # noqa: PTH117 (as above)
        return name
    return f"{root.rstrip('/')}/{name}"


def _findings(datasets: Sequence[Dataset]) -> Iterator[Finding]:
    for dataset in datasets:
        for finding in dataset.findings:
            yield replace(finding, paths=tuple((dataset.root / path).as_posix() for path in finding.paths))
