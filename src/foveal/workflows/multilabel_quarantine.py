"""Which photos with any number of labels a fit may learn from, and which of their classes."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.errors import FovealError
from foveal.features.extract import Extracted
from foveal.types.finding import Finding
from foveal.types.text import listing
from foveal.workflows.quarantine import KeptLabelSets, content_groups, paths_of, reasons, unreadable


def quarantine_label_sets(dataset: Dataset, found: Extracted) -> KeptLabelSets:
    """Leave out what cannot be read, what contradicts itself, and classes that cannot be learnt and measured at once.

    A photo keeps its place when one of its classes is left out: it is then one without that label, as is a photo
    without any.

    Args:
        dataset: The photos that were meant to be learnt from.
        found: Their features.

    Raises:
        FovealError: `too-few-photos`: no class is left.
    """
    findings = unreadable(dataset, found)
    groups, targets = content_groups(found.keys), dataset.targets()
    contradictory = found.readable & _several_sets(groups, targets, found.readable)
    if contradictory.any():
        names = paths_of(dataset, contradictory)
        message = f"left out {len(names):,} photos that come twice, with different labels"
        findings += (Finding("same-photo-two-classes", message, names, "error"),)
    usable = found.readable & ~contradictory
    with_it, without_it = (_distinct(groups[usable], side) for side in (targets[usable], ~targets[usable]))
    small = (with_it < 2) | (without_it < 2)
    if small.any():
        lost = [name for name, gone in zip(dataset.class_names, small, strict=True) if gone]
        message = f"left out these classes, with fewer than 2 different usable photos or without: {listing(lost)}"
        paths = paths_of(dataset, usable & (targets & (with_it < 2)).any(axis=1))
        findings += (Finding("class-left-out", message, paths),)
    if small.all():
        raise FovealError(
            "too-few-photos",
            f"{dataset.root}: expected at least one label with 2 different usable photos that have it and 2 that have "
            "it not, got none",
            hint=reasons(findings),
        )
    return _keep(dataset, found, usable, targets[:, ~small], ~small, groups, findings)


def _keep(
    dataset: Dataset,
    found: Extracted,
    usable: NDArray[np.bool_],
    targets: NDArray[np.bool_],
    classes: NDArray[np.bool_],
    groups: NDArray[np.intp],
    findings: tuple[Finding, ...],
) -> KeptLabelSets:
    rows = np.flatnonzero(usable)
    names = tuple(dataset.class_names[index] for index in np.flatnonzero(classes).tolist())
    encoded = [name.encode("utf-8", "surrogateescape") for name in names]
    contents = sorted(
        key.tobytes() + b"\1".join(encoded[column] for column in np.flatnonzero(shown).tolist())
        for key, shown in zip(found.keys[rows], targets[rows], strict=True)
    )
    digest = hashlib.sha256(b"\0".join(contents)).hexdigest()
    return KeptLabelSets(rows, targets[rows], names, groups[rows], findings, digest, found.keys[rows])


def _distinct(groups: NDArray[np.intp], shown: NDArray[np.bool_]) -> NDArray[np.intp]:
    """int [C]: different contents that show each class; copies of one photo count once."""
    _, first = np.unique(groups, return_index=True)
    return np.asarray(np.count_nonzero(shown[first], axis=0))


def _several_sets(groups: NDArray[np.intp], targets: NDArray[np.bool_], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool [n]: photos whose content stands under more than one set of labels."""
    shape = (int(groups.max(initial=-1)) + 1, targets.shape[1])
    some, every = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    np.logical_or.at(some, groups[usable], targets[usable])
    np.logical_and.at(every, groups[usable], targets[usable])
    different: NDArray[np.bool_] = (some != every).any(axis=1)
    return different[groups]
