"""Parquet files that hold the photos themselves, as Hugging Face `datasets` writes and publishes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.options import ReadOptions
from foveal.data.parquet_rows import PARQUET_FAULTS, ParquetRows, RowReader
from foveal.data.sources.parquet_features import Features, find_features, image_columns
from foveal.data.sources.parquet_labels import Labels
from foveal.data.sources.parts import PART_WORDS, part_of, unknown_parts
from foveal.data.sources.published import damaged, empty, few_entries, first_bytes, is_file, put_together
from foveal.errors import FovealError
from foveal.types.text import printable

_SUFFIXES = (".parquet", ".pq")
_MAGIC = b"PAR1"
_FOLDERS = ("", "data", "default", "plain_text")


class ParquetImagesSource:
    """Parquet files with a column of photos: a struct of `bytes` and `path`, or plain bytes.

    A file, or a folder of files as in a repository of the Hugging Face Hub: directly in it or in its `data`, `default`
    or `plain_text`; parts by words in the names (`train-00000-of-00003.parquet`, `test/0.parquet`) or by a split
    column. Names of classes come from the schema's own `huggingface` entry, else from `dataset_infos.json` or
    `README.md`. A list of labels makes a photo one of several labels.
    """

    options: ClassVar[frozenset[str]] = frozenset({"columns"})

    def detect(self, path: Path) -> bool:
        """Whether it is, or holds, a Parquet file with a column of photos; without pyarrow every Parquet file may."""
        file = path if is_file(path) else next(_files(path), None)
        if file is None or not file.name.lower().endswith(_SUFFIXES) or first_bytes(file, 4) != _MAGIC:
            return False
        try:
            from pyarrow import parquet

            return bool(image_columns(parquet.read_schema(file)))
        except ImportError:
            return True
        except PARQUET_FAULTS:
            return False

    def read(self, path: Path, options: ReadOptions) -> Dataset:
        """The photos of all files; only their labels are read.

        Args:
            path: A file, or a folder of files.
            options: `labelled`; `columns` with the roles `image`, `label`, `labels`, `split`, `group`.

        Raises:
            FovealError: `needs-extra`, `no-photos`, `dataset-damaged`, `table-columns`, `table-labels`,
                `unknown-part`, `unknown-name`, `bad-option`; labelled also `one-class`, `class-mismatch`.
        """
        files = [path] if path.is_file() else list(_files(path))
        if not files:
            raise empty(path)
        features = find_features(files[0], _open(files[0]).schema_arrow, options)
        reader = RowReader(tuple(files), features.image)
        gathered = _Gathered(features)
        for file in files:
            gathered.add(file, 0 if path.is_file() else _part_by_name(file.relative_to(path)))
        if not sum(gathered.counts):
            raise empty(path)
        places = ParquetRows(
            reader,
            np.repeat(np.arange(len(files), dtype=np.int32), gathered.counts),
            np.concatenate([np.arange(count, dtype=np.int64) for count in gathered.counts]),
        )
        labels, class_names = gathered.labels.finished(files[0]) if options.labelled else (None, ())
        return put_together(
            path,
            _names(files, gathered.counts),
            places,
            parts=np.concatenate(gathered.parts),
            labels=labels,
            class_names=class_names,
            groups=np.concatenate(gathered.groups) if features.group else None,
        )


class _Gathered:
    """What the files say of their rows, besides the photos."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._groups: dict[Any, int] = {}
        self.labels = Labels(features)
        self.counts: list[int] = []
        self.parts: list[NDArray[np.int8]] = []
        self.groups: list[NDArray[np.int64]] = []

    def add(self, file: Path, part: int) -> None:
        """Read the small columns of a file."""
        wanted = [self._features.label, self._features.split, self._features.group]
        opened = _open(file)
        try:
            table = opened.read(columns=[name for name in wanted if name])
            rows = opened.metadata.num_rows
        except PARQUET_FAULTS as error:
            raise damaged(file, f"columns {', '.join(filter(None, wanted)) or 'of photos'}", str(error)) from error
        finally:
            opened.close()
        missing = {self._features.image, *filter(None, wanted)} - set(opened.schema_arrow.names)
        if missing:
            raise damaged(file, "the columns of the first file", f"none called {', '.join(sorted(missing))}")
        if any(wanted) and table.num_rows != rows:
            raise damaged(file, f"{rows:,} rows, as its footer says", f"{table.num_rows:,} beside the photos")
        self.counts.append(rows)
        if self._features.label:
            self.labels.add(file, table.column(self._features.label))
        self.parts.append(self._part_column(file, table) if self._features.split else np.full(rows, part, np.int8))
        if self._features.group:
            self.groups.append(self._group_column(table))

    def _part_column(self, file: Path, table: Any) -> NDArray[np.int8]:
        column = table.column(self._features.split).combine_chunks().dictionary_encode()
        words = [str(word) for word in column.dictionary.to_pylist()]
        parts = [part_of(word) for word in words]
        unknown = [word for word, part in zip(words, parts, strict=True) if part is None]
        if unknown or column.null_count:
            raise unknown_parts(file, f"the column {self._features.split!r}", unknown or [""])
        rows: NDArray[np.int64] = column.indices.to_numpy()
        return np.array(parts, np.int8)[rows]

    def _group_column(self, table: Any) -> NDArray[np.int64]:
        column = table.column(self._features.group).combine_chunks().dictionary_encode()
        numbers = [self._groups.setdefault(value, len(self._groups)) for value in column.dictionary.to_pylist()]
        rows: NDArray[np.int64] = column.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
        return np.array([*numbers, UNLABELLED], np.int64)[rows]


def _open(file: Path) -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise FovealError(
            "needs-extra",
            f"{printable(file.name)}: expected pyarrow for Parquet files, got none",
            hint='pip install "foveal[parquet]"',
        ) from error
    try:
        return parquet.ParquetFile(file)
    except PARQUET_FAULTS as error:
        raise damaged(file, "a Parquet file", str(error)) from error


def _files(folder: Path) -> Iterator[Path]:
    """Parquet files of a folder in the order of their names; the first place that has any is the one that counts."""
    for name in _FOLDERS:
        inside = folder / name
        there = few_entries(inside)
        folders = [inside, *(inside / each for each in there if each.lower() in PART_WORDS)]
        found = [at / each for at in folders for each in few_entries(at) if each.lower().endswith(_SUFFIXES)]
        if found:
            yield from found
            return


def _part_by_name(relative: Path) -> int:
    """Part of a file by the words in its name, then in its folders; without any, photos are for learning."""
    for text in (relative.stem, *reversed(relative.parts[:-1])):
        for word in re.split(r"[^A-Za-z]+", text):
            part = part_of(word)
            if part is not None:
                return part
    return 0


def _names(files: Sequence[Path], counts: Sequence[int]) -> Iterator[str]:
    """`train-00000-of-00003/017`: the row with as many digits as the file's last one."""
    stems = [file.stem for file in files]
    for file, stem, count in zip(files, stems, counts, strict=True):
        name = stem if stems.count(stem) == 1 else f"{file.parent.name}/{stem}"
        digits = len(str(max(count - 1, 0)))
        for row in range(count):
            yield f"{name}/{row:0{digits}}"
