"""Which photos there are, what they show and which part they belong to; no pixel is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from foveal.data.label_sets import LabelSets
from foveal.data.photo import Photo
from foveal.data.places import Places
from foveal.errors import unknown_name
from foveal.types.checked import bad_value, integers, read_only
from foveal.types.finding import Finding
from foveal.types.names import Names
from foveal.types.text import counted

PART_NAMES = ("train", "val", "test")
UNLABELLED = -1


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """n photos in C classes.

    About 43 bytes a photo for names of 30 characters (1.3 million take 56 MB); 21 more in an archive, 8 for groups.

    Args:
        root: Folder the paths start from, or the table or archive that holds the photos, as the user wrote it.
        paths: Name of each photo. Without `places` its file, relative to `root` with "/" between folders, or absolute;
            as the file system spells it, so it may hold lone surrogates: show it through
            `foveal.types.text.printable`. With `places` what the archive or table calls it.
        labels: int32 [n], class of each photo as an index into `class_names`; -1 = unlabelled, and everywhere where
            photos may have several labels.
        class_names: Name of each class, all different; empty where nothing is labelled. "animal/cat" is a class in a
            hierarchy.
        parts: int8 [n], index into `PART_NAMES`; 0 (train) for a dataset without parts.
        findings: What was noticed while reading.
        places: Where the photos lie, where they are not files of their own.
        label_sets: Labels of each photo, where it may have several.
        groups: int64 [n], photos with the same number must stay on one side of any split; -1 = a photo on its own.
            None where nothing was said.
        edits: What was left out and relabelled by the user's files, for the model's record.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    root: Path
    paths: Sequence[str]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    parts: NDArray[np.int8]
    findings: tuple[Finding, ...] = ()
    places: Places | None = None
    label_sets: LabelSets | None = None
    groups: NDArray[np.int64] | None = None
    edits: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = _names(self.paths)
        n, classes = len(paths), len(self.class_names)
        labels = integers("Dataset", "labels", self.labels, length=n)
        parts = integers("Dataset", "parts", self.parts, length=n)
        if len(set(self.class_names)) != classes:
            raise bad_value("Dataset", "different class_names", list(self.class_names)[:20])
        if n and not (labels.min() >= UNLABELLED and labels.max() < classes):
            raise bad_value("Dataset", f"labels in -1..{classes - 1}", f"{labels.min()}..{labels.max()}")
        if n and not (parts.min() >= 0 and parts.max() < len(PART_NAMES)):
            raise bad_value("Dataset", f"parts in 0..{len(PART_NAMES) - 1}", f"{parts.min()}..{parts.max()}")
        self._check_extras(n, classes)
        object.__setattr__(self, "root", Path(self.root))
        object.__setattr__(self, "paths", paths)
        object.__setattr__(self, "class_names", tuple(self.class_names))
        object.__setattr__(self, "labels", read_only(labels.astype(np.int32)))
        object.__setattr__(self, "parts", read_only(parts.astype(np.int8)))
        object.__setattr__(self, "findings", tuple(self.findings))
        if self.groups is not None:
            groups = integers("Dataset", "groups", self.groups, length=n)
            object.__setattr__(self, "groups", read_only(groups))

    def _check_extras(self, n: int, classes: int) -> None:
        if self.places is not None and len(self.places) != n:
            raise bad_value("Dataset", f"{n} places", len(self.places))
        if self.label_sets is None:
            return
        if len(self.label_sets) != n:
            raise bad_value("Dataset", f"{n} label sets", len(self.label_sets))
        named = self.label_sets.classes
        if len(named) and not (named.min() >= 0 and named.max() < classes):
            raise bad_value("Dataset", f"label sets of classes 0..{classes - 1}", f"{named.min()}..{named.max()}")
        if n and np.asarray(self.labels).max() != UNLABELLED:
            raise bad_value("Dataset", "labels of -1 beside label_sets", "both")

    @property
    def multi_label(self) -> bool:
        """Whether photos may have several labels, or none."""
        return self.label_sets is not None

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """bool [n]: the photos whose label, or set of labels, is known."""
        return self.labels >= 0 if self.label_sets is None else np.ones(len(self), np.bool_)

    def targets(self) -> NDArray[np.bool_]:
        """bool [n, C]: which labels each photo has."""
        if self.label_sets is not None:
            return self.label_sets.matrix(len(self.class_names))
        out = np.zeros((len(self), len(self.class_names)), np.bool_)
        known = np.flatnonzero(self.labels >= 0)
        out[known, self.labels[known]] = True
        return out

    @property
    def hierarchy(self) -> dict[str, tuple[str, ...]]:
        """Each class with what it is a kind of, widest first: {"animal/pet/cat": ("animal", "animal/pet")}."""
        found = {}
        for name in self.class_names:
            pieces = name.split("/")
            found[name] = tuple("/".join(pieces[:depth]) for depth in range(1, len(pieces)))
        return found

    def take(self, rows: NDArray[np.integer[Any]]) -> Dataset:
        """Some photos, in the order wanted; classes and findings stay.

        Args:
            rows: int [m].
        """
        return replace(
            self,
            paths=_names(self.paths).take(rows),
            labels=self.labels[rows],
            parts=self.parts[rows],
            places=None if self.places is None else self.places.take(rows),
            label_sets=None if self.label_sets is None else self.label_sets.take(rows),
            groups=None if self.groups is None else self.groups[rows],
        )

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
        return self.take(np.flatnonzero(chosen))

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

    def for_testing(self) -> Dataset:
        """The test part where there is one, else everything."""
        tests = self.part("test")
        return tests if len(tests) else self

    def counts(self) -> dict[str, int]:
        """Photos of each class, in class order."""
        known = self.labels[self.labels >= 0] if self.label_sets is None else self.label_sets.classes
        counts = np.bincount(known, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, counts, strict=True))

    def photo(self, i: int) -> Path | Photo:
        """Photo `i`, ready to be read: its file, or where else it lies."""
        name = self.paths[i]
        return self.root / name if self.places is None else self.places.photo(i, name)

    def photos(self) -> Sequence[Path | Photo]:
        """Every photo, ready to be read; made one by one as they are asked for."""
        return DatasetPhotos(self)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        sizes = zip(PART_NAMES, np.bincount(self.parts, minlength=len(PART_NAMES)), strict=True)
        parts = ", ".join(f"{name} {size}" for name, size in sizes if size)
        photos, classes = counted(len(self), "photo"), counted(len(self.class_names), "class", "classes")
        return f"Dataset({photos} ({parts or 'none'}), {classes}, {str(self.root)!r})"


def _names(paths: Sequence[str]) -> Names:
    return paths if isinstance(paths, Names) else Names(paths)


class DatasetPhotos(Sequence["Path | Photo"]):
    """The photos of a dataset; a million `Path` objects would take 300 MB, so each is made when it is its turn."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    @overload
    def __getitem__(self, index: int) -> Path | Photo: ...
    @overload
    def __getitem__(self, index: slice) -> list[Path | Photo]: ...
    def __getitem__(self, index: int | slice) -> Path | Photo | list[Path | Photo]:
        if isinstance(index, slice):
            return [self._dataset.photo(each) for each in range(*index.indices(len(self)))]
        return self._dataset.photo(index)
