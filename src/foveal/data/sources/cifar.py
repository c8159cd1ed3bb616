"""CIFAR-10 and CIFAR-100 in their binary version: one or two label bytes and 32×32 pixels for each photo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.raw_pixels import PixelBlock
from foveal.data.sources.chunks import Chunk, dataset_of
from foveal.data.sources.names import natural_key
from foveal.data.sources.published import damaged, few_entries, first_bytes, incomplete, pickled
from foveal.errors import FovealError

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_TEN = re.compile(r"(data_batch_\d+|test_batch)\.bin")
_TEN_NAMES = "batches.meta.txt"
_HUNDRED = ("train.bin", "test.bin")
_FINE, _COARSE = "fine_label_names.txt", "coarse_label_names.txt"
_PICKLES = re.compile(r"data_batch_\d+|test_batch|batches\.meta|train|test|meta")
_PICKLE_START = b"\x80"


class CifarSource:
    """`cifar-10-batches-bin` (`data_batch_1.bin` …, `test_batch.bin`) or `cifar-100-binary` (`train.bin`, `test.bin`).

    The classes of CIFAR-100 stand in its hierarchy: "aquatic_mammals/beaver". The version for Python is a pickle and
    is refused. The format: Krizhevsky, Learning multiple layers of features from tiny images, 2009, and
    https://www.cs.toronto.edu/~kriz/cifar.html.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    def detect(self, path: Path) -> bool:
        """Whether it is a folder with files of these names, or with those of the version for Python."""
        names = few_entries(path)
        return bool(_files(names) or _pickles(path, names))

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos of all files.

        Args:
            path: The folder.
            options: `labelled`.

        Raises:
            FovealError: `pickle-refused`, `dataset-damaged`, `dataset-incomplete`.
        """
        names = few_entries(path)
        files = _files(names)
        if not files:
            raise _refusal(path, names)
        hundred = files[0] in _HUNDRED
        chunks = [_chunk(path / name, label_bytes=2 if hundred else 1) for name in files]
        if not options.labelled:
            return dataset_of(path, [chunk._replace(labels=None) for chunk in chunks])
        if not hundred:
            return dataset_of(path, chunks, _class_names(path / _TEN_NAMES, 10))
        class_names = _nested(path, np.concatenate([chunk.labels for chunk in chunks if chunk.labels is not None]))
        return dataset_of(path, [_fine(chunk) for chunk in chunks], class_names)


def _files(names: list[str]) -> list[str]:
    """The files of photos, those to learn from first."""
    ten = sorted((name for name in names if _TEN.fullmatch(name)), key=natural_key)
    if ten:
        return ten
    return [name for name in _HUNDRED if name in names] if _FINE in names else []


def _pickles(path: Path, names: list[str]) -> list[str]:
    if not {"batches.meta", "meta"} & set(names):
        return []
    return [name for name in names if _PICKLES.fullmatch(name) and first_bytes(path / name, 1) == _PICKLE_START]


def _refusal(path: Path, names: list[str]) -> FovealError:
    found = _pickles(path, names)
    if found:
        return pickled(
            path / found[0],
            "download the binary version (cifar-10-binary.tar.gz or cifar-100-binary.tar.gz) from "
            "https://www.cs.toronto.edu/~kriz/cifar.html, unpack it and name its folder",
        )
    return incomplete(path, f"data_batch_1.bin, or train.bin and {_FINE}", "none of them")


def _chunk(file: Path, *, label_bytes: int) -> Chunk:
    """The photos of one file; `labels` uint8 [n, label_bytes] as they stand there."""
    record = label_bytes + _PIXELS
    try:
        size = file.stat().st_size
        content = np.memmap(file, np.uint8, "r") if size else np.empty(0, np.uint8)
    except OSError as error:
        raise damaged(file, f"records of {record:,} bytes", error.strerror or str(error)) from error
    if not size or size % record:
        raise damaged(file, f"a multiple of {record:,} bytes (labels and 32×32 RGB pixels)", f"{size:,}")
    labels = content.reshape(-1, record)[:, :label_bytes].copy()
    block = PixelBlock(file=file, content=file, start=label_bytes, stride=record, size_wh=(_SIDE, _SIDE), layout="CHW")
    part = 2 if file.name.startswith("test") else 0
    return Chunk(file.stem, block, len(labels), part, labels[:, 0] if label_bytes == 1 else labels)


def _fine(chunk: Chunk) -> Chunk:
    return chunk if chunk.labels is None else chunk._replace(labels=chunk.labels[:, 1])


def _class_names(file: Path, most: int) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise incomplete(file, f"the names of the {most} classes, one a line", reason) from error
    names = tuple(line.strip() for line in lines if line.strip())
    if len(set(names)) != most or len(names) != most:
        raise damaged(file, f"{most} different names of classes, one a line", f"{len(names)} names")
    return names


def _nested(path: Path, pairs: NDArray[np.uint8]) -> tuple[str, ...]:
    """Names of the fine classes below the coarse ones, which the photos' own labels pair up.

    Args:
        path: The folder.
        pairs: uint8 [n, 2], coarse and fine label of each photo.
    """
    fine, coarse = _class_names(path / _FINE, 100), _class_names(path / _COARSE, 20)
    seen = np.unique(pairs, axis=0)
    if seen[:, 0].max() >= 20 or seen[:, 1].max() >= 100:
        raise damaged(path, "coarse labels below 20 and fine ones below 100", str(seen.max(axis=0).tolist()))
    above = dict(zip(seen[:, 1].tolist(), seen[:, 0].tolist(), strict=True))
    if len(above) < len(seen):
        raise damaged(path, "each fine class in one coarse class", f"{len(seen) - len(above)} of them in several")
    return tuple(f"{coarse[above[number]]}/{name}" if number in above else name for number, name in enumerate(fine))
