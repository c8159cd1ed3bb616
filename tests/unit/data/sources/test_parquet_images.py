from __future__ import annotations

import builtins
import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.parquet_rows import RowPhoto, RowReader
from foveal.data.sources.parquet_images import ParquetImagesSource
from foveal.errors import FovealError

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CLASS_LABEL = {"names": ["cat", "dog", "emu"], "_type": "ClassLabel"}


def png(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (6, 4), (number % 256, 10, 20)).save(out, "PNG")
    return out.getvalue()


def hub_table(first: int, count: int, *, label: Any = CLASS_LABEL, labels: Any = None) -> pa.Table:
    """Rows as `datasets` writes them: photo `first + row`, label counting up."""
    cells = [{"bytes": png(first + row), "path": f"{first + row}.png"} for row in range(count)]
    values = [(first + row) % 3 for row in range(count)] if labels is None else labels
    table = pa.table({"image": pa.array(cells, IMAGE), "label": pa.array(values)})
    told = {"info": {"features": {"image": {"_type": "Image"}, "label": label}}}
    return table.replace_schema_metadata({"huggingface": json.dumps(told)} if label else {})


def hub(root: Path) -> Path:
    (root / "data").mkdir(parents=True)
    for shard in range(2):
        parquet.write_table(
            hub_table(50 * shard, 50), root / f"data/train-0000{shard}-of-00002.parquet", row_group_size=20
        )
    parquet.write_table(hub_table(100, 6), root / "data/validation-00000-of-00001.parquet")
    parquet.write_table(hub_table(106, 3), root / "data/test-00000-of-00001.parquet")
    (root / "README.md").write_text("---\nlicense: mit\n---\n")
    return root


def read(path: Path, *, labelled: bool = True, **columns: str) -> Dataset:
    assert ParquetImagesSource().detect(path)
    return ParquetImagesSource().read(path, ReadOptions(labelled=labelled, columns=columns))


def refused(place: Path, **columns: str) -> FovealError:
    with pytest.raises(FovealError) as caught:
        ParquetImagesSource().read(place, ReadOptions(columns=columns))
    return caught.value


def row(dataset: Dataset, index: int) -> RowPhoto:
    photo = dataset.photo(index)
    assert isinstance(photo, RowPhoto)
    return photo


def test_a_repository_of_the_hub(tmp_path: Path) -> None:
    dataset = read(hub(tmp_path))
    # files come in the order of their names
    assert dataset.class_names == ("cat", "dog", "emu")
    assert dataset.parts.tolist() == [2] * 3 + [0] * 100 + [1] * 6
    assert dataset.labels.tolist() == [number % 3 for number in (*range(106, 109), *range(100), *range(100, 106))]
    assert dataset.paths[60] == "train-00001-of-00002/07"
    photo = row(dataset, 60)
    assert photo.read() == png(57)
    assert photo.decode(photo.read())[0, 0].tolist() == [57, 10, 20]
    assert photo.detail == "[7]"
    assert photo.label.endswith("train-00001-of-00002.parquet[7]")
    assert photo.status() is not None


def test_any_order_gives_the_same_photos(tmp_path: Path) -> None:
    train = read(hub(tmp_path)).part("train")
    order = np.random.default_rng(0).permutation(len(train))
    mixed = train.take(order)
    assert [row(mixed, index).read() for index in range(100)] == [png(int(number)) for number in order]


def test_many_threads_share_one_reader(tmp_path: Path) -> None:
    dataset = read(hub(tmp_path)).part("train")
    found: dict[int, bytes] = {}
    turn = iter(range(100))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                index = next(turn, None)
            if index is None:
                return
            found[index] = row(dataset, index).read()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == {number: png(number) for number in range(100)}


def test_rising_access_reads_each_group_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = hub(tmp_path) / "data/train-00000-of-00002.parquet"
    started: list[int] = []
    real = parquet.ParquetFile.iter_batches

    def counted(self: Any, **options: Any) -> Any:
        started.extend(options["row_groups"])
        return real(self, **options)

    monkeypatch.setattr(parquet.ParquetFile, "iter_batches", counted)
    reader = RowReader((file,), "image")
    for number in range(50):
        assert reader.cell(0, number)["bytes"] == png(number)
        assert reader.cell(0, max(0, number - 10))["bytes"] == png(max(0, number - 10))
    assert started == [0, 1, 2]
    with pytest.raises(ValueError, match="row 50 of 50"):
        reader.cell(0, 50)


def test_one_file_and_plain_bytes(tmp_path: Path) -> None:
    file = tmp_path / "photos.parquet"
    table = pa.table({"img": [png(1), png(2), png(3)], "species": ["b", None, "a"], "patient": ["x", "y", "x"]})
    parquet.write_table(table, file)
    dataset = read(file)
    assert dataset.class_names == ("a", "b")
    assert dataset.labels.tolist() == [1, -1, 0]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 1, 0]
    assert row(dataset, 2).read() == png(3)


def test_without_labels(tmp_path: Path) -> None:
    file = tmp_path / "photos.parquet"
    parquet.write_table(pa.table({"image": pa.array([{"bytes": png(1), "path": None}], IMAGE)}), file)
    assert len(read(file, labelled=False)) == 1
    assert refused(file).code == "table-columns"


def test_lists_of_labels(tmp_path: Path) -> None:
    file = tmp_path / "photos.parquet"
    lists = [[0, 2, 2], [], None, [1], [-1, 0]]
    for feature in ([CLASS_LABEL], {"feature": CLASS_LABEL, "_type": "Sequence"}):
        parquet.write_table(hub_table(0, 5, label=feature, labels=lists), file)
        dataset = read(file)
        assert dataset.multi_label
        assert dataset.targets().astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0]]
    parquet.write_table(hub_table(0, 2, label=None, labels=[["x", "b"], ["b"]]), file)
    assert read(file).class_names == ("b", "x")


def test_numbers_without_names_stay_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "photos.parquet"
    parquet.write_table(hub_table(0, 4, label=None, labels=[10, 9, -1, 10]), file)
    dataset = read(file)
    assert (dataset.class_names, dataset.labels.tolist()) == (("9", "10"), [1, 0, -1, 1])


README = """---
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': cat
          '1': dog
          '2': emu
  splits:
  - name: train
---
# page
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", README),
        ("dataset_infos.json", json.dumps({"default": {"features": {"label": CLASS_LABEL}}})),
    ],
)
def test_names_from_the_files_beside(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "data").mkdir()
    parquet.write_table(hub_table(0, 6, label=None), tmp_path / "data/train-00000-of-00001.parquet")
    (tmp_path / name).write_text(content)
    assert read(tmp_path).class_names == ("cat", "dog", "emu")
    assert read(tmp_path / "data/train-00000-of-00001.parquet").class_names == ("cat", "dog", "emu")
    (tmp_path / name).write_text("{")
    assert read(tmp_path).class_names == ("0", "1", "2")


def test_columns_by_option(tmp_path: Path) -> None:
    file = tmp_path / "photos.parquet"
    photos = pa.array([{"bytes": png(number), "path": None} for number in range(4)], IMAGE)
    table = pa.table({"a": photos, "b": photos, "kind": [1, 2, 1, 2], "fold": ["train", "train", "test", "dev"]})
    parquet.write_table(table, file)
    dataset = read(file, image="b", label="kind", split="fold")
    assert dataset.parts.tolist() == [0, 0, 2, 1]
    assert refused(file).code == "table-columns"
    assert refused(file, image="b").code == "table-columns"
    assert refused(file, image="c").code == "unknown-name"
    assert refused(file, path="a").code == "bad-option"
    assert refused(file, image="b", label="kind", split="kind").code == "unknown-part"
    assert refused(file, image="a", label="b").code == "table-labels"


def test_parts_by_folders(tmp_path: Path) -> None:
    for part, first in (("train", 0), ("test", 9)):
        (tmp_path / part).mkdir()
        parquet.write_table(hub_table(first, 9), tmp_path / part / "0000.parquet")
    dataset = read(tmp_path)
    assert np.bincount(dataset.parts, minlength=3).tolist() == [9, 0, 9]
    assert {name.partition("/")[0] for name in dataset.paths} == {"train", "test"}


def test_a_photo_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(7))
    cells = [{"bytes": None, "path": "a.png"}, {"bytes": None, "path": "b.png"}, {"bytes": None, "path": None}, None]
    parquet.write_table(pa.table({"image": pa.array(cells, IMAGE)}), tmp_path / "x.parquet")
    dataset = read(tmp_path / "x.parquet", labelled=False)
    assert row(dataset, 0).read() == png(7)
    for index in (1, 2, 3):
        with pytest.raises(FovealError) as caught:
            row(dataset, index).read()
        assert caught.value.code == "image-unreadable"


def test_other_parquet_files_are_not_meant(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"path": ["a.jpg"], "label": ["cat"], "note": [b"x"]}), tmp_path / "table.parquet")
    (tmp_path / "text.parquet").write_text("PAR1 no")
    (tmp_path / "empty").mkdir()
    for name in ("table.parquet", "text.parquet", "empty", "nowhere"):
        assert not ParquetImagesSource().detect(tmp_path / name)
    assert refused(tmp_path / "table.parquet").code == "table-columns"
    assert refused(tmp_path / "empty").code == "no-photos"
    assert refused(tmp_path / "text.parquet").code == "dataset-damaged"


def test_shards_must_agree(tmp_path: Path) -> None:
    root = hub(tmp_path)
    parquet.write_table(hub_table(0, 3).rename_columns(["photo", "label"]), root / "data/train-00001-of-00002.parquet")
    assert refused(root).code == "dataset-damaged"
    parquet.write_table(hub_table(0, 3, labels=[0, 1, 3]), root / "data/train-00001-of-00002.parquet")
    assert refused(root).code == "dataset-damaged"
    parquet.write_table(hub_table(0, 2, labels=[[0], [1]]), root / "data/train-00001-of-00002.parquet")
    assert refused(root).code == "table-labels"


def test_no_rows(tmp_path: Path) -> None:
    parquet.write_table(hub_table(0, 0), tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet").code == "no-photos"


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = hub(tmp_path)
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert ParquetImagesSource().detect(root)
    assert refused(root).code == "needs-extra"


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_damage_is_never_a_crash(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("parquet") / "a.parquet"
    parquet.write_table(hub_table(0, 6), file, row_group_size=3)
    content = bytearray(file.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    try:
        dataset = ParquetImagesSource().read(file, ReadOptions())
    except FovealError:
        return
    codes = set()
    for index in range(len(dataset)):
        photo = row(dataset, index)
        try:
            photo.decode(photo.read())
        except FovealError as error:
            codes.add(error.code.partition("-")[0])
    assert codes <= {"image"}


def test_columns_of_another_length_are_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.parquet"
    parquet.write_table(hub_table(0, 6), file)
    real = parquet.ParquetFile.read
    monkeypatch.setattr(parquet.ParquetFile, "read", lambda self, **options: real(self, **options).slice(0, 3))
    assert refused(file).code == "dataset-damaged"


def test_files_are_closed_when_others_are_read(tmp_path: Path) -> None:
    for number in range(4):
        parquet.write_table(hub_table(10 * number, 10), tmp_path / f"{number}.parquet")
    dataset = read(tmp_path)
    assert set(dataset.parts.tolist()) == {0}
    order = [row_ for _ in range(2) for row_ in (0, 10, 20, 30, 31, 9)]
    assert [row(dataset, index).read() for index in order] == [png(index) for index in order]


def test_the_one_column_that_numbers_classes_is_the_label(tmp_path: Path) -> None:
    file = tmp_path / "photos.parquet"
    table = hub_table(0, 6).rename_columns(["image", "digit"])
    told = {"info": {"features": {"image": {"_type": "Image"}, "digit": CLASS_LABEL}}}
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(told)}), file)
    assert read(file).class_names == ("cat", "dog", "emu")
