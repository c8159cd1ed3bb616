"""Which photos there are, what they show and which part they belong to; no pixel is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from foveal.errors import unknown_name
from foveal.types.checked import bad_value, integers, read_only
from foveal.types.finding import Finding

PART_NAMES = ("train", "val", "test")
UNLABELLED = -1


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """n photos in C classes. About 95 bytes a photo for names of 30 characters: 1.3 million take 125 MB.

    Args:
        root: Folder the paths start from, as the user wrote it.
        paths: File of each photo, relative to `root` with "/" between folders, or absolute; as the file system spells
            it, so it may hold lone surrogates: show it through `foveal.types.text.printable`.
        labels: int32 [n], class of each photo as an index into `class_names`; -1 = unlabelled.
        class_names: Name of each class, all different; empty where nothing is labelled.
        parts: int8 [n], index into `PART_NAMES`; 0 (train) for a dataset without parts.
        findings: What was noticed while reading.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    root: Path
    paths: tuple[str, ...]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    parts: NDArray[np.int8]
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        n, classes = len(self.paths), len(self.class_names)
        labels = integers("Dataset", "labels", self.labels, length=n)
        parts = integers("Dataset", "parts", self.parts, length=n)
        if len(set(self.class_names)) != classes:
            raise bad_value("Dataset", "different class_names", list(self.class_names)[:20])
        if n and not (labels.min() >= UNLABELLED and labels.max() < classes):
            raise bad_value("Dataset", f"labels in -1..{classes - 1}", f"{labels.min()}..{labels.max()}")
        if n and not (parts.min() >= 0 and parts.max() < len(PART_NAMES)):
            raise bad_value("Dataset", f"parts in 0..{len(PART_NAMES) - 1}", f"{parts.min()}..{parts.max()}")
        object.__setattr__(self, "root", Path(self.root))
        object.__setattr__(self, "paths", tuple(self.paths))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "labels", read_only(labels.astype(np.int32)))
        object.__setattr__(self, "parts", read_only(parts.astype(np.int8)))
        object.__setattr__(self, "findings", tuple(self.findings))

    def select(self, mask: Any) -> Dataset:
        """The photos where `mask` holds, in the same order; classes and findings stay.

        Args:
            mask: bool [n].

        Raises:
            FovealError: `bad-value`: not bool [n].
        """
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_ or chosen.shape != (len(self),):
            raise bad_value("Dataset.select", f"bool [{len(self)}]", f"{chosen.dtype} {list(chosen.shape)}")
        paths = tuple(self.paths[row] for row in np.flatnonzero(chosen))
        return replace(self, paths=paths, labels=self.labels[chosen], parts=self.parts[chosen])

    def part(self, name: str) -> Dataset:
        """The photos of one part; none where the tree has no such part.

        Args:
            name: One of `PART_NAMES`.

        Raises:
            FovealError: `unknown-name`: another name.
        """
        if name not in PART_NAMES:
            raise unknown_name("part", name, PART_NAMES)
        return self.select(self.parts == PART_NAMES.index(name))

    def counts(self) -> dict[str, int]:
        """Photos of each class, in class order."""
        labelled = self.labels[self.labels >= 0]
        counts = np.bincount(labelled, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, counts, strict=True))

    def path(self, i: int) -> Path:
        """File of photo `i`, ready to be opened."""
        return self.root / self.paths[i]

    def files(self) -> Sequence[Path]:
        """Every file, ready to be opened; made one by one as they are asked for."""
        return _Files(self)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        sizes = zip(PART_NAMES, np.bincount(self.parts, minlength=len(PART_NAMES)), strict=True)
        parts = ", ".join(f"{name} {size}" for name, size in sizes if size)
        return f"Dataset({len(self)} photos ({parts or 'none'}), {len(self.class_names)} classes, {str(self.root)!r})"


class _Files(Sequence[Path]):
    """A million `Path` objects would take 300 MB; this makes each when it is its turn."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> list[Path]: ...
    def __getitem__(self, index: int | slice) -> Path | list[Path]:
        if isinstance(index, slice):
            return [self._dataset.path(each) for each in range(*index.indices(len(self)))]
        return self._dataset.path(index)
