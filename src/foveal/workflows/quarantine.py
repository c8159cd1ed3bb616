"""Which photos a fit may learn from: unreadable and contradictory ones are named and left out, never replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.types.finding import Finding
from foveal.types.text import counted, listing, printable

_NAMED = 10


@dataclass(frozen=True)
class Kept:
    """The photos to learn from.

    Args:
        rows: int [m], their indices in the dataset.
        labels: int32 [m], 0 … C − 1.
        class_names: Names of the C classes that are left.
        groups: int [m]; photos of identical content share a number, and so a fold.
        findings: What was left out, and why.
        fingerprint: Digest of contents and labels: the same for the same photos, wherever they lie.
        keys: uint8 [m, 16], their content keys.
    """

    rows: NDArray[np.intp]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    groups: NDArray[np.intp]
    findings: tuple[Finding, ...]
    fingerprint: str
    keys: NDArray[np.uint8]

    @property
    def truth(self) -> NDArray[np.int32]:
        """What the photos show: `labels`."""
        return self.labels


@dataclass(frozen=True)
class KeptLabelSets:
    """The photos to learn any number of labels a photo from.

    Args:
        rows: int [m], their indices in the dataset.
        targets: bool [m, C], which labels each photo has.
        class_names: Names of the C classes that are left.
        groups: int [m]; photos of identical content share a number, and so a fold.
        findings: What was left out, and why.
        fingerprint: Digest of contents and labels: the same for the same photos, wherever they lie.
        keys: uint8 [m, 16], their content keys.
    """

    rows: NDArray[np.intp]
    targets: NDArray[np.bool_]
    class_names: tuple[str, ...]
    groups: NDArray[np.intp]
    findings: tuple[Finding, ...]
    fingerprint: str
    keys: NDArray[np.uint8]

    @property
    def truth(self) -> NDArray[np.bool_]:
        """What the photos show: `targets`."""
        return self.targets


def check_counts(dataset: Dataset) -> None:
    """Refuse a class that cannot be learnt and measured at once; of several labels a photo it is left out instead.

    Raises:
        FovealError: `too-few-photos`: a class with a single photo.
    """
    if dataset.multi_label:
        return
    single = [number for number, count in enumerate(dataset.counts().values()) if count == 1]
    if single:
        first = [int(np.flatnonzero(dataset.labels == number)[0]) for number in single[:_NAMED]]
        named = [f"{dataset.class_names[dataset.labels[row]]} ({dataset.paths[row]})" for row in first]
        raise FovealError(
            "too-few-photos",
            f"expected at least 2 photos of every class in {printable(str(dataset.root))}, got 1 in "
            f"{listing(named, count=len(single), most=_NAMED)}",
            hint="one photo cannot be learnt from and measured on: add photos to the class, or leave it out with "
            "--exclude",
        )


def quarantine(dataset: Dataset, found: Extracted) -> Kept:
    """Leave out what cannot be read and what contradicts itself.

    Args:
        dataset: The photos that were meant to be learnt from.
        found: Their features.

    Raises:
        FovealError: `one-class`: fewer than two classes are left.
    """
    findings = unreadable(dataset, found)
    usable = found.readable & (dataset.labels >= 0)
    groups = content_groups(found.keys)
    contradictory = usable & _several_labels(groups, dataset.labels, usable)
    if contradictory.any():
        names = paths_of(dataset, contradictory)
        message = f"left out {len(names):,} photos that stand in two classes at once"
        findings += (Finding("same-photo-two-classes", message, names, "error"),)
    usable &= ~contradictory
    small = _distinct(groups[usable], dataset.labels[usable], classes=len(dataset.class_names)) < 2
    if small.any():
        lost = [name for name, gone in zip(dataset.class_names, small, strict=True) if gone]
        names = paths_of(dataset, usable & small[dataset.labels])
        message = f"left out with fewer than 2 different usable photos: {', '.join(lost)}"
        findings += (Finding("class-left-out", message, names, "error"),)
    return _keep(dataset, found, usable & ~small[dataset.labels], groups, findings)


def quarantine_tests(
    tests: Dataset, found: Extracted, kept: Kept | KeptLabelSets
) -> tuple[NDArray[np.bool_], tuple[Finding, ...]]:
    """Leave out of the test what would flatter or cannot be judged.

    A photo that may have several labels is judged by those the model knows.

    Args:
        tests: The test photos.
        found: Their features.
        kept: What was learnt from.

    Returns:
        bool [n]: the photos to judge; and what was left out.
    """
    findings = unreadable(tests, found)
    learnt = found.readable & np.isin(_whole(found.keys), _whole(kept.keys))
    if learnt.any():
        message = f"left out of the test {counted(int(learnt.sum()), 'photo that was', 'photos that were')} learnt from"
        findings += (Finding("test-photo-learnt", message, paths_of(tests, learnt), "error"),)
    known = np.isin(tests.class_names, kept.class_names)
    lost = found.readable & ~known[tests.labels] if not tests.multi_label else np.zeros(len(tests), np.bool_)
    if lost.any():
        names = ", ".join(name for name, is_known in zip(tests.class_names, known, strict=True) if not is_known)
        message = f"left out of the test {counted(int(lost.sum()), 'photo')} of classes that were left out: {names}"
        findings += (Finding("class-left-out", message, paths_of(tests, lost), "error"),)
    return found.readable & ~learnt & ~lost, findings


def unreadable(dataset: Dataset, found: Extracted) -> tuple[Finding, ...]:
    """One finding for each photo that could not be read, with the reason."""
    return tuple(
        Finding("unreadable", reason, (dataset.paths[index],), "error") for index, reason in found.failures.items()
    )


def reasons(findings: Sequence[Finding]) -> str:
    """Why so little is left, as a hint: the first findings, with the photos they name."""
    return "\n".join(["the reasons:", *(f"{each}: {listing(each.paths, most=3)}" for each in findings[:5])])


def _keep(
    dataset: Dataset,
    found: Extracted,
    usable: NDArray[np.bool_],
    groups: NDArray[np.intp],
    findings: tuple[Finding, ...],
) -> Kept:
    rows = np.flatnonzero(usable)
    present, labels = np.unique(dataset.labels[rows], return_inverse=True)
    if len(present) < 2:
        raise FovealError(
            "one-class",
            f"{dataset.root}: expected at least two classes with usable photos, got {len(present)}",
            hint=reasons(findings),
        )
    names = tuple(dataset.class_names[index] for index in present)
    contents = sorted(
        key.tobytes() + names[label].encode("utf-8", "surrogateescape")
        for key, label in zip(found.keys[rows], labels, strict=True)
    )
    digest = hashlib.sha256(b"\0".join(contents)).hexdigest()
    return Kept(rows, labels.astype(np.int32), names, groups[rows], findings, digest, found.keys[rows])


def content_groups(keys: NDArray[np.uint8]) -> NDArray[np.intp]:
    """A number for each distinct content, int [n]."""
    return np.unique(_whole(keys), return_inverse=True)[1]


def _whole(keys: NDArray[np.uint8]) -> NDArray[np.void]:
    """Each content key as one value, [n]."""
    return np.ascontiguousarray(keys).view("V16").ravel()


def _distinct(groups: NDArray[np.intp], labels: NDArray[np.int32], *, classes: int) -> NDArray[np.intp]:
    """int [C]: contents of each class; copies of one photo can no more be learnt and measured at once than it alone."""
    pairs = np.unique(groups.astype(np.int64) * classes + labels)
    return np.bincount(pairs % classes, minlength=classes)


def _several_labels(
    groups: NDArray[np.intp], labels: NDArray[np.int32], usable: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """bool [n]: photos whose content stands under more than one label."""
    count = int(groups.max(initial=-1)) + 1
    lowest = np.full(count, np.iinfo(np.int32).max, np.int32)
    highest = np.full(count, -1, np.int32)
    np.minimum.at(lowest, groups[usable], labels[usable])
    np.maximum.at(highest, groups[usable], labels[usable])
    return (lowest < highest)[groups]


def paths_of(dataset: Dataset, mask: NDArray[np.bool_]) -> tuple[str, ...]:
    """Paths of the photos where `mask` holds."""
    return tuple(dataset.paths[index] for index in np.flatnonzero(mask).tolist())
