"""Photos taken one right after the other, told from their names and from what the camera wrote into them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array, compress

Links = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Photos that belong together, pair by pair: positions of the one and of the other."""

# `IMG_0012.jpg`: what stands before the last number, the number, and what follows.
_NUMBERED = re.compile(r"^(.*?)(\d{1,12})(\D*)$")
_FRAME_WORD = re.compile(r"(?:^|[^a-z])(?:frame|frm|clip|video|vid|mov|seq|shot)(?:[^a-z]|$)")

# A burst is numbered without gaps, but people delete its failures.
_LARGEST_STEP = 3
_BURST_SECONDS = 3
# Names that follow each other say little in a folder numbered through. The photos must also look alike: as no more
# than this share of the pairs of the same class that do not follow each other.
_AS_ALIKE = 0.01
_PAIRS_COMPARED = 2000


def frame_links(names: Sequence[str]) -> Links:
    """Frames of one video, by their names: all files whose names are alike up to the number and speak of frames.

    Args:
        names: Path of each photo; folders count, so `a/frame_1.jpg` and `b/frame_1.jpg` are of two videos.

    Returns:
        Chains of links, int64 [p] each.
    """
    chains: dict[tuple[str, str], list[int]] = {}
    for at, name in enumerate(names):
        folder, _, file = name.rpartition("/")
        found = _NUMBERED.match(file.rpartition(".")[0])
        if found and _FRAME_WORD.search(file.lower()):
            chains.setdefault((f"{folder}/{found[1]}", found[3]), []).append(at)
    return _chained(chains.values())


def time_links(taken: NDArray[np.int64], cameras: NDArray[np.bytes_]) -> Links:
    """Photos that one camera took within three seconds of each other.

    Args:
        taken: int64 [m], seconds since 1970; 0 = not known.
        cameras: bytes [m], make and model.
    """
    known = np.flatnonzero(taken > 0)
    order = known[np.lexsort((taken[known], cameras[known]))]
    near = (np.diff(taken[order]) <= _BURST_SECONDS) & (cameras[order][1:] == cameras[order][:-1])
    return order[:-1][near], order[1:][near]


def burst_links(names: Sequence[str], labels: NDArray[np.int32], embeddings: NDArray[np.floating]) -> Links:
    """Photos whose names are numbered one after the other and that look more alike than others of their class.

    Args:
        names: Path of each photo.
        labels: int32 [m], class of each; -1 = unlabelled.
        embeddings: [m, D].
    """
    first, second = _followers(names)
    same = labels[first] == labels[second]
    first, second = first[same], second[same]
    if not len(first):
        return first, second
    directions = _directions(embeddings)
    return _alike(first, second, labels, directions)


def _followers(names: Sequence[str]) -> Links:
    """Photos whose names differ in a number only, and in that by at most three."""
    runs: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for at, name in enumerate(names):
        stem, dot, suffix = name.rpartition(".")
        found = _NUMBERED.match(stem if dot else suffix)
        if found:
            runs.setdefault((found[1], found[3]), []).append((int(found[2]), at))
    pairs = [
        (one[1], other[1])
        for run in runs.values()
        for one, other in itertools.pairwise(sorted(run))
        if other[0] - one[0] <= _LARGEST_STEP
    ]
    links = np.array(pairs, np.int64).reshape(-1, 2)
    return links[:, 0], links[:, 1]


def _alike(first: NDArray[np.int64], second: NDArray[np.int64], labels: NDArray[np.int32], directions: Array) -> Links:
    """The links whose photos are as alike as hardly any two others of their class."""
    rng = np.random.default_rng(0)
    likeness = np.einsum("ij,ij->i", directions[first], directions[second])
    keep = np.zeros(len(first), np.bool_)
    for label in np.unique(labels[first]):
        members = np.flatnonzero(labels == label)
        one, other = rng.choice(members, (2, _PAIRS_COMPARED))
        usual = np.einsum("ij,ij->i", directions[one], directions[other])[one != other]
        here = labels[first] == label
        if len(usual):
            keep[here] = likeness[here] >= np.quantile(usual, 1 - _AS_ALIKE)
    return first[keep], second[keep]


def _directions(embeddings: NDArray[np.floating]) -> Array:
    """Compressed, standardised and brought to length one, float32 [m, D]: as a head would compare them."""
    z = compress(embeddings)
    z -= z.mean(axis=0)
    z /= np.maximum(z.std(axis=0), 1e-4)
    z /= np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-6)
    return z


def _chained(groups: Iterable[Sequence[int]]) -> Links:
    links = [pair for group in groups for pair in itertools.pairwise(group)]
    both = np.array(links, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
