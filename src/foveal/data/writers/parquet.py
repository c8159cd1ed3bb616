"""Parquet files that hold the photos themselves, as Hugging Face `datasets` reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foveal.data.dataset import UNLABELLED, Dataset
from foveal.data.photo import Photo
from foveal.data.writers import Progress, Written
from foveal.data.writers.content import content_of
from foveal.data.writers.each_photo import for_each
from foveal.data.writers.safe_names import safe_name
from foveal.errors import FovealError

_PARTS = ("train", "validation", "test")
_BATCH_ROWS = 256
_BATCH_BYTES = 32 * 2**20
_FILE_BYTES = 500 * 10**6


class ParquetWriter:
    """Writes `data/train-00000-of-00003.parquet` and so on, each of at most about 500 MB.

    Columns: `image`, a struct of `bytes` and `path`; `label` or `labels` as numbers, with the names of the classes in
    the schema's `huggingface` entry; `group` where there are groups.
    """

    def check(self, dataset: Dataset) -> None:
        """Refuse without pyarrow.

        Raises:
            FovealError: `needs-extra`.
        """
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise FovealError(
                "needs-extra",
                "--to parquet: expected pyarrow for Parquet files, got none",
                hint='pip install "foveal[parquet]", or write --to webdataset',
            ) from error

    def write(self, dataset: Dataset, folder: Path, target: Path, progress: Progress) -> Written:
        """See `Writer`."""
        (folder / "data").mkdir()
        schema = _schema(dataset)
        parts: dict[int, _Part] = {}

        def put(row: int, photo: Photo) -> None:
            content = content_of(photo)
            part = int(dataset.parts[row])
            if part not in parts:
                parts[part] = _Part(folder / "data", _PARTS[part], schema)
            stem = safe_name(Path(dataset.paths[row]).stem)
            image = {"bytes": content.data, "path": f"{stem}{content.suffix}"}
            parts[part].add({"image": image, **_labels(dataset, row)}, len(content.data))

        try:
            left_out = for_each(dataset, put, progress)
        finally:
            for part in parts.values():
                part.close()
        for part in parts.values():
            part.name_files()
        return Written(len(dataset) - len(left_out), left_out)


class _Part:
    """The files of one part, written in batches."""

    def __init__(self, folder: Path, name: str, schema: Any) -> None:
        self._folder, self._name, self._schema = folder, name, schema
        self._files: list[Path] = []
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []
        self._bytes = self._file_bytes = 0

    def add(self, row: dict[str, Any], size: int) -> None:
        """Take a row."""
        self._rows.append(row)
        self._bytes += size
        if len(self._rows) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._flush()
        self._end_file()

    def name_files(self) -> None:
        """Give the files their names, now that it is known how many there are."""
        for number, file in enumerate(self._files):
            file.rename(self._folder / f"{self._name}-{number:05d}-of-{len(self._files):05d}.parquet")

    def _flush(self) -> None:
        import pyarrow
        from pyarrow import parquet

        if self._writer is None:
            self._files.append(self._folder / f"{self._name}-{len(self._files):05d}.part")
            # compressed photos do not become smaller, and the index over them would be as large as they are
            self._writer = parquet.ParquetWriter(
                self._files[-1], self._schema, compression="none", write_statistics=False, use_dictionary=False
            )
        self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._file_bytes += self._bytes
        self._rows, self._bytes = [], 0
        if self._file_bytes >= _FILE_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer, self._file_bytes = None, 0


def _schema(dataset: Dataset) -> Any:
    import pyarrow

    fields = [("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())]))]
    told: dict[str, Any] = {"image": {"_type": "Image"}}
    classes = {"names": list(dataset.class_names), "_type": "ClassLabel"}
    if dataset.multi_label:
        fields.append(("labels", pyarrow.list_(pyarrow.int64())))
        told["labels"] = {"feature": classes, "_type": "Sequence"}
    elif dataset.class_names:
        fields.append(("label", pyarrow.int64()))
        told["label"] = classes
    if dataset.groups is not None:
        fields.append(("group", pyarrow.int64()))
        told["group"] = {"dtype": "int64", "_type": "Value"}
    return pyarrow.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": told}})})


def _labels(dataset: Dataset, row: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if dataset.label_sets is not None:
        starts = dataset.label_sets.starts
        found["labels"] = dataset.label_sets.classes[starts[row] : starts[row + 1]].tolist()
    elif dataset.class_names:
        label = int(dataset.labels[row])
        found["label"] = None if label == UNLABELLED else label
    if dataset.groups is not None:
        found["group"] = int(dataset.groups[row]) if dataset.groups[row] >= 0 else None
    return found
