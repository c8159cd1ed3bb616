"""Numpy files of photos and labels: MedMNIST's, Keras's `mnist.npz`, and a plain array of photos."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.raw_pixels import PixelBlock
from foveal.data.sources.chunks import Chunk, dataset_of
from foveal.data.sources.npy import NpyArray, arrays
from foveal.data.sources.published import damaged, first_bytes, incomplete, is_file, not_pixels
from foveal.types.text import listing

_STARTS = {".npz": b"PK", ".npy": b"\x93NUMPY"}
# (array of photos, array of labels, part); all that a file has of one row are read
_PAIRS: tuple[tuple[tuple[str, str, int], ...], ...] = (
    (("train_images", "train_labels", 0), ("val_images", "val_labels", 1), ("test_images", "test_labels", 2)),
    (("x_train", "y_train", 0), ("x_val", "y_val", 1), ("x_test", "y_test", 2)),
    (("images", "labels", 0),),
    (("x", "y", 0),),
    (("X", "y", 0),),
    (("data", "labels", 0),),
    (("data", "target", 0),),
)
# of an .npy: how the file of labels beside it is called
_BESIDE = (("images", "labels"), ("x_", "y_"), ("X_", "y_"))
_NAME_FILES = ("{stem}.json", "info.json", "medmnist.json")
_MOST_JSON_BYTES = 2**24


class _Pair(NamedTuple):
    images: NpyArray
    labels: NpyArray | None
    part: int


class NpzSource:
    """An `.npz` with `train_images`, `train_labels`, `val_…`, `test_…`, or `x_train`, `y_train`, or `images`, `labels`.

    Photos are uint8 [n, H, W] or [n, H, W, 3]; labels are numbers or names [n] or [n, 1], one-hot [n, C], or [n, L] of
    0 and 1 where a photo may have several. An `.npy` of photos counts too, with its labels in a second file
    (`images.npy`, `labels.npy`). Names of classes come from a JSON file beside it in the form of MedMNIST's
    `INFO` ({"pathmnist": {"label": {"0": "adipose"}}}), called like the file, `info.json` or `medmnist.json`; else the
    numbers are the names. Nothing is ever unpickled.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether it is a file called `.npz` or `.npy` that begins like one."""
        start = _STARTS.get(path.suffix.lower())
        return start is not None and is_file(path) and first_bytes(path, len(start)) == start

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos of all parts.

        Args:
            path: The file.
            options: `labelled`.

        Raises:
            FovealError: `pickle-refused`, `pixel-type`, `dataset-damaged`, `dataset-incomplete`, `label-count`,
                `dataset-too-large`, `cannot-write`.
        """
        pairs = _pairs(path, labelled=options.labelled)
        blocks = [_block(pair.images) for pair in pairs]
        labels, names = _labels(path, pairs) if options.labelled else ([None] * len(pairs), ())
        chunks = [
            Chunk(pair.images.member or path.stem, block, pair.images.shape[0], pair.part, each)
            for pair, block, each in zip(pairs, blocks, labels, strict=True)
        ]
        return dataset_of(path, chunks, names)


def _pairs(path: Path, *, labelled: bool) -> list[_Pair]:
    found = arrays(path)
    if "" in found:
        return [_Pair(found[""], _labels_beside(path) if labelled else None, 0)]
    for row in _PAIRS:
        pairs = []
        for images, labels, part in row:
            if images in found:
                if labelled and labels not in found:
                    raise incomplete(path, f"{labels} beside {images}", listing(sorted(found)))
                pairs.append(_Pair(found[images], found.get(labels), part))
        if pairs:
            return [pairs[0]._replace(part=0)] if len(pairs) == 1 else pairs
    expected = "arrays called train_images and train_labels, x_train and y_train, or images and labels"
    raise incomplete(path, expected, listing(sorted(found)) or "no arrays")


def _labels_beside(path: Path) -> NpyArray:
    tried = [path.with_name(path.name.replace(*each)) for each in _BESIDE if each[0] in path.name]
    for other in tried:
        if other.is_file():
            return arrays(other)[""]
    raise incomplete(tried[0] if tried else path, "labels in a second file: images.npy, labels.npy", "no such file")


def _block(images: NpyArray) -> PixelBlock:
    shape = images.shape
    colour = len(shape) == 4 and shape[3] == 3
    if images.dtype != np.uint8 or not (len(shape) == 3 or colour) or not all(shape[1:3]):
        raise not_pixels(images.file, f"{images.member} {images.dtype} {list(shape)}".strip())
    if images.columns_first:
        raise not_pixels(images.file, f"{images.member} in Fortran order".strip())
    content, start = images.where()
    return PixelBlock(
        file=images.file,
        content=content,
        start=start,
        stride=math.prod(shape[1:]),
        size_wh=(shape[2], shape[1]),
        layout="HWC" if colour else "HW",
        member=images.member,
    )


def _labels(path: Path, pairs: Sequence[_Pair]) -> tuple[list[NDArray[Any]], Sequence[str]]:
    """Labels of each part as `Chunk` wants them, and the names of the classes."""
    given = [_flat(pair.labels) for pair in pairs if pair.labels is not None]
    if all(each.dtype.kind == "U" for each in given):
        names, numbers = np.unique(np.concatenate(given), return_inverse=True)
        ends = np.cumsum([len(each) for each in given])[:-1]
        return np.split(numbers.ravel(), ends), [str(name) for name in names]
    if any(each.dtype.kind not in "uib" for each in given):
        raise damaged(path, "labels as whole numbers or names", " and ".join(str(each.dtype) for each in given))
    if all(each.ndim == 2 for each in given):
        if any(each.min(initial=0) < 0 or each.max(initial=0) > 1 for each in given):
            raise damaged(path, "labels [n, L] of 0 and 1", "other numbers")
        if all((each.sum(1) == 1).all() for each in given):
            given = [each.argmax(1) for each in given]
        else:
            given = [each.astype(np.bool_) for each in given]
    return given, _names_beside(path)


def _flat(labels: NpyArray) -> NDArray[Any]:
    if len(labels.shape) not in {1, 2}:
        raise damaged(labels.file, "labels [n] or [n, L]", str(list(labels.shape)))
    values = labels.load()
    return values[:, 0] if values.shape[1:] == (1,) else values


def _names_beside(path: Path) -> tuple[str, ...]:
    """Names of the classes in order of their numbers; none where no file gives them."""
    stem = re.sub(r"_\d+$", "", path.stem)  # pathmnist_64.npz holds larger pictures of the same classes
    for pattern in _NAME_FILES:
        file = path.with_name(pattern.format(stem=stem))
        if file.is_file():
            names = _names_in(file, stem)
            if names:
                return names
    return ()


def _names_in(file: Path, stem: str) -> tuple[str, ...]:
    try:
        if file.stat().st_size > _MOST_JSON_BYTES:
            return ()
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file, "names of classes as JSON", str(error)) from error
    for key in (stem, "label"):
        if isinstance(content, dict) and key in content:
            content = content[key]
    if not isinstance(content, dict) or not all(key.isdecimal() for key in content):
        return ()
    names = tuple(str(content[key]) for key in sorted(content, key=int))
    if [int(key) for key in sorted(content, key=int)] != list(range(len(names))) or len(set(names)) < len(names):
        raise damaged(file, "a different name for each class from 0", f"{len(names)} entries")
    return names
