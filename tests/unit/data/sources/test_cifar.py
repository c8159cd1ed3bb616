from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.raw_pixels import RawPhoto
from foveal.data.sources.cifar import CifarSource
from foveal.errors import FovealError

TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
PIXELS = 3 * 32 * 32


def records(n: int, label_bytes: int, *, seed: int = 0) -> np.ndarray:
    """uint8 [n, label_bytes + 3072], the fine label counting up and the coarse one a fifth of it."""
    out = np.random.default_rng(seed).integers(0, 256, (n, label_bytes + PIXELS), dtype=np.uint8)
    if label_bytes == 1:
        out[:, 0] = np.arange(n) % 10
    else:
        out[:, 1] = np.arange(n) % 100
        out[:, 0] = out[:, 1] // 5
    return out


def ten(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    for number in range(1, 6):
        (root / f"data_batch_{number}.bin").write_bytes(records(10, 1, seed=number).tobytes())
    (root / "test_batch.bin").write_bytes(records(10, 1).tobytes())
    (root / "batches.meta.txt").write_text("\n".join(TEN) + "\n\n")
    (root / "readme.html").write_text("<html>")
    return root


def hundred(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    (root / "train.bin").write_bytes(records(200, 2).tobytes())
    (root / "test.bin").write_bytes(records(100, 2, seed=1).tobytes())
    (root / "fine_label_names.txt").write_text("".join(f"fine{number}\n" for number in range(100)))
    (root / "coarse_label_names.txt").write_text("".join(f"coarse{number}\n" for number in range(20)))
    return root


def read(path: Path, *, labelled: bool = True) -> Dataset:
    assert CifarSource().detect(path)
    return CifarSource().read(path, ReadOptions(labelled=labelled))


def refused(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        read(path)
    return caught.value


def test_cifar_10_as_published(tmp_path: Path) -> None:
    dataset = read(ten(tmp_path))
    assert list(dataset.class_names) == TEN
    assert dataset.labels.tolist() == list(range(10)) * 6
    assert dataset.parts.tolist() == [0] * 50 + [2] * 10
    assert dataset.paths[12] == "data_batch_2/2"
    photo = dataset.photo(12)
    assert isinstance(photo, RawPhoto)
    expected = records(10, 1, seed=2)[2, 1:].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(photo.decode(photo.read()), expected)


def test_cifar_100_is_a_hierarchy(tmp_path: Path) -> None:
    dataset = read(hundred(tmp_path))
    assert dataset.class_names[7] == "coarse1/fine7"
    assert dataset.hierarchy["coarse1/fine7"] == ("coarse1",)
    assert dataset.labels.tolist() == list(range(100)) * 3
    photo = dataset.photo(250)
    assert isinstance(photo, RawPhoto)
    expected = records(100, 2, seed=1)[50, 2:].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(photo.decode(photo.read()), expected)


@pytest.mark.parametrize("make", [ten, hundred])
def test_without_labels(tmp_path: Path, make: object) -> None:
    assert callable(make)
    dataset = read(make(tmp_path), labelled=False)
    assert dataset.class_names == ()
    assert set(dataset.labels.tolist()) == {-1}


@pytest.mark.parametrize("names", [("data_batch_1", "test_batch", "batches.meta"), ("train", "test", "meta")])
def test_the_pickled_version_is_refused_and_the_binary_one_named(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"\x80\x02}q\x01.")
    error = refused(tmp_path)
    assert error.code == "pickle-refused"
    assert "cifar-10-binary.tar.gz" in error.hint


def test_a_folder_of_classes_is_not_meant(tmp_path: Path) -> None:
    for name in ("train", "test", "meta"):
        (tmp_path / name).mkdir()
    assert not CifarSource().detect(tmp_path)
    assert not CifarSource().detect(tmp_path / "nowhere")
    with pytest.raises(FovealError) as caught:
        CifarSource().read(tmp_path, ReadOptions())
    assert caught.value.code == "dataset-incomplete"


@pytest.mark.parametrize("cut", [1, 3073 * 10])
def test_a_cut_file_is_damaged(tmp_path: Path, cut: int) -> None:
    file = ten(tmp_path) / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-cut])
    error = refused(tmp_path)
    assert error.code == "dataset-damaged"
    assert "data_batch_3.bin" in error.message


def test_labels_beyond_the_names_are_damage(tmp_path: Path) -> None:
    root = ten(tmp_path)
    content = records(10, 1)
    content[4, 0] = 10
    (root / "test_batch.bin").write_bytes(content.tobytes())
    assert refused(root).code == "dataset-damaged"


@pytest.mark.parametrize(("row", "column", "value"), [(0, 0, 3), (0, 0, 20), (0, 1, 100)])
def test_fine_classes_in_two_coarse_ones_are_damage(tmp_path: Path, row: int, column: int, value: int) -> None:
    root = hundred(tmp_path)
    content = records(200, 2)
    content[row, column] = value
    (root / "train.bin").write_bytes(content.tobytes())
    assert refused(root).code == "dataset-damaged"


def test_names_must_be_there_and_complete(tmp_path: Path) -> None:
    root = ten(tmp_path)
    (root / "batches.meta.txt").write_text("\n".join(TEN[:9]))
    assert refused(root).code == "dataset-damaged"
    (root / "batches.meta.txt").unlink()
    assert refused(root).code == "dataset-incomplete"
    assert len(read(root, labelled=False)) == 60
