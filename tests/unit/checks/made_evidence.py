"""Evidence made by hand, for the tests of the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.checks.evidence import Evidence, Judged
from foveal.data.dataset import Dataset
from foveal.features.pixel_view import PIXELS
from foveal.grouping.near_duplicates import Pairs
from foveal.probes.problem import Problem

_KEY_BYTES = 16


def evidence(
    labels: Any,
    *,
    class_names: Sequence[str] | None = None,
    paths: Sequence[str] | None = None,
    parts: Any = None,
    failures: Mapping[int, str] | None = None,
    pixels: NDArray[np.void] | None = None,
    embeddings: Any = None,
    keys: Any = None,
    pairs: Pairs | None = None,
    probs: Any = None,
    folds: Any = None,
    groups: Any = None,
    root: Path = Path("photos"),
    seed: int = 0,
) -> Evidence:
    """Evidence on n photos, of which those in `failures` cannot be read and m can.

    Args:
        labels: int [n], −1 = unlabelled.
        class_names: Default "class 0", "class 1", …
        paths: n names; default "class 0/0007.jpg".
        parts: int [n]; default all train.
        failures: Why photos cannot be read, by index 0 … n − 1.
        pixels: `PIXELS` [m]; default `plain_pixels(m)`.
        embeddings: float [m, D]; default a cloud for each class.
        keys: uint8 [m, 16]; default all different.
        pairs: Near-duplicates, as positions 0 … m − 1; default none.
        probs: float [k, C] of the photos that are judged: labelled, readable, not of the test part and of a class with
            at least two such photos; default 0.9 for their own label.
        folds: int [k]; default five, groups kept together.
        groups: int [k]; default each photo on its own.
        root: Where the paths start.
        seed: Of the default embeddings.
    """
    labels = np.asarray(labels, np.int32)
    n = len(labels)
    names = tuple(class_names or (f"class {number}" for number in range(max(int(labels.max(initial=-1)) + 1, 0))))
    if paths is None:
        paths = [f"{names[label] if label >= 0 else 'unlabelled'}/{at:04}.jpg" for at, label in enumerate(labels)]
    failures = dict(failures or {})
    rows = np.array([at for at in range(n) if at not in failures], np.intp)
    dataset = Dataset(root, paths, labels, names, np.zeros(n, np.int8) if parts is None else np.asarray(parts))
    if embeddings is None:
        embeddings = clouds(labels[rows], seed=seed)
    embeddings = np.asarray(embeddings, np.float16)
    return Evidence(
        dataset=dataset,
        failures=failures,
        rows=rows,
        keys=_keys(len(rows)) if keys is None else np.asarray(keys, np.uint8),
        pixels=plain_pixels(len(rows)) if pixels is None else pixels,
        embeddings=embeddings,
        pairs=pairs or made_pairs(()),
        judged=_judged(dataset, rows, embeddings, probs, folds, groups),
    )


def made_pairs(positions: Sequence[tuple[int, int]], scores: Any = None, mirrored: Any = None) -> Pairs:
    """Near-duplicates of these positions, surely the same and not mirrored unless said."""
    first, second = np.array(list(positions), np.int64).reshape(-1, 2).T
    return Pairs(
        first,
        second,
        np.ones(len(first), np.float32) if scores is None else np.asarray(scores, np.float32),
        np.zeros(len(first), np.bool_) if mirrored is None else np.asarray(mirrored, np.bool_),
    )


def plain_pixels(m: int) -> NDArray[np.void]:
    """Pixel rows of m upright RGB JPEG photos of 400×300 pixels with nothing odd about them; `PIXELS` [m]."""
    pixels = np.zeros(m, PIXELS)
    facts, measures = pixels["facts"], pixels["measures"]
    facts["width"], facts["height"], facts["file_bytes"] = 400, 300, 40_000 + np.arange(m) * 37 % 5000
    facts["frames"], facts["format"], facts["mode"] = 1, b"JPEG", b"RGB"
    facts["orientation"], facts["quality"] = 1, 90
    random = np.random.default_rng(0)
    measures["brightness"] = random.uniform(0.4, 0.6, m)
    measures["dark"], measures["light"] = 0.05, 0.95
    measures["contrast"], measures["sharpness"], measures["entropy"] = 0.2, 0.5, 7.2
    measures["colour"] = random.uniform(0.4, 0.6, (m, 3))
    measures["border"][:, :, :3] = random.uniform(0.1, 0.9, (m, 4, 3))
    measures["border"][:, :, 3] = random.uniform(0.05, 0.2, (m, 4))
    return pixels


def clouds(labels: NDArray[np.int32], *, dimensions: int = 8, apart: float = 4.0, seed: int = 0) -> NDArray[np.float16]:
    """A Gaussian cloud for each class, float16 [m, dimensions]; unlabelled photos lie around the origin."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, apart, (int(labels.max(initial=0)) + 2, dimensions))
    centres[-1] = 0
    return (centres[labels] + random.normal(0, 1, (len(labels), dimensions))).astype(np.float16)


def _keys(m: int) -> NDArray[np.uint8]:
    keys = np.zeros((m, _KEY_BYTES), np.uint8)
    keys[:, :8] = np.arange(1, m + 1, dtype="<u8").view(np.uint8).reshape(m, 8)
    return keys


def _judged(
    dataset: Dataset, rows: NDArray[np.intp], embeddings: NDArray[np.float16], probs: Any, folds: Any, groups: Any
) -> Judged | None:
    labels, parts = dataset.labels[rows], dataset.parts[rows]
    learnt = (labels >= 0) & (parts != 2)
    counts = np.bincount(labels[learnt], minlength=len(dataset.class_names))
    classes = np.flatnonzero(counts >= 2)
    at = np.flatnonzero(learnt & np.isin(labels, classes))
    if len(classes) < 2:
        return None
    own = np.searchsorted(classes, labels[at]).astype(np.int32)
    groups = np.arange(len(at)) if groups is None else np.asarray(groups, np.int64)
    folds = _folds(own, groups) if folds is None else np.asarray(folds, np.int8)
    if probs is None:
        probs = np.full((len(at), len(classes)), 0.1 / (len(classes) - 1))
        probs[np.arange(len(at)), own] = 0.9
    probs = np.asarray(probs, np.float32)
    coordinates = embeddings[at].astype(np.float32)
    coordinates -= coordinates.mean(0)
    return Judged(
        at=at,
        labels=own,
        class_names=tuple(dataset.class_names[number] for number in classes),
        probs=probs,
        logits=np.log(np.clip(probs, 1e-6, 1)).astype(np.float32),
        folds=folds,
        groups=groups,
        problem=Problem(coordinates, np.mean(coordinates**2, 0), own, len(classes), folds),
        strength=1.0,
    )


def _folds(labels: NDArray[np.int32], groups: NDArray[np.int64], count: int = 5) -> NDArray[np.int8]:
    """Each group in the next fold of its class's round."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    order = np.argsort(labels[first], kind="stable")
    turn = np.empty(len(first), np.int8)
    turn[order] = np.arange(len(first)) % min(count, len(first))
    return turn[inverse]
