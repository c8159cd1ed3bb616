from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from foveal.data import unpacked as unpacking
from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.photo import PixelPhoto
from foveal.data.raw_pixels import RawPhoto
from foveal.data.sources.idx import IdxSource
from foveal.errors import FovealError


def idx_bytes(values: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def pictures(n: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def write(
    folder: Path, *, prefix: str = "", packed: bool = False, n: int = 12, shape: tuple[int, ...] = (5, 7)
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(("train", "t10k")):
        for what, values in (
            (f"images-idx{len(shape) + 1}", pictures(n, *shape, seed=number)),
            ("labels-idx1", (np.arange(n) % 3).astype(np.uint8)),
        ):
            content = idx_bytes(values)
            name = f"{prefix}{part}-{what}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


def read(path: Path, *, labelled: bool = True) -> Dataset:
    assert IdxSource().detect(path)
    return IdxSource().read(path, ReadOptions(labelled=labelled))


def raw(dataset: Dataset, index: int) -> RawPhoto:
    photo = dataset.photo(index)
    assert isinstance(photo, RawPhoto)
    return photo


def refused(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        IdxSource().read(path, ReadOptions())
    return caught.value


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("inside", ["", "raw"])
def test_mnist_as_published(tmp_path: Path, packed: bool, inside: str) -> None:
    write(tmp_path / inside, packed=packed)
    dataset = read(tmp_path)
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.labels.tolist() == [0, 1, 2] * 8
    assert dataset.parts.tolist() == [0] * 12 + [2] * 12
    assert (dataset.paths[0], dataset.paths[23]) == ("train/00", "t10k/11")
    photo = raw(dataset, 13)
    grey = pictures(12, 5, 7, seed=1)[1]
    image = photo.decode(photo.read())
    assert np.array_equal(image, np.repeat(grey[:, :, None], 3, axis=2))
    assert photo.file.name.startswith("t10k-images")
    assert photo.detail == "[1]HW"
    assert photo.label.endswith("/t10k/01")


def test_the_same_photo_as_its_pixels_in_memory(tmp_path: Path) -> None:
    dataset = read(write(tmp_path, shape=(4, 6, 3)))
    photo = raw(dataset, 3)
    image = pictures(12, 4, 6, 3)[3]
    assert photo.read() == PixelPhoto(image).read()
    assert photo.salt == PixelPhoto(image).salt
    assert np.array_equal(photo.decode(photo.read()), image)


def test_one_file_is_one_part(tmp_path: Path) -> None:
    dataset = read(write(tmp_path) / "t10k-images-idx3-ubyte")
    assert len(dataset) == 12
    assert set(dataset.parts.tolist()) == {0}
    assert np.array_equal(raw(dataset.take(np.array([5, 2])), 0).read(), raw(dataset, 5).read())


def test_without_labels_every_photo_counts(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "train-labels-idx1-ubyte").unlink()
    dataset = read(root, labelled=False)
    assert (len(dataset), dataset.class_names, set(dataset.labels.tolist())) == (24, (), {-1})
    assert refused(root).code == "dataset-incomplete"


def test_plain_and_packed_copies_count_once(tmp_path: Path) -> None:
    write(tmp_path, packed=True)
    assert len(read(write(tmp_path))) == 24


def test_emnist_has_its_characters_and_stands_upright(tmp_path: Path) -> None:
    root = write(tmp_path, prefix="emnist-balanced-", packed=True)
    (root / "emnist-balanced-mapping.txt").write_text("0 65\n1 66\n2 97\n3 98\n")
    dataset = read(root)
    assert dataset.class_names == ("A", "B", "a")
    assert [finding.code for finding in dataset.findings] == ["pictures-turned", "class-without-photos"]
    image = raw(dataset, 0).decode(raw(dataset, 0).read())
    assert np.array_equal(image[:, :, 0], pictures(12, 5, 7)[0].T)
    (root / "emnist-balanced-mapping.txt").write_text("0 65\n1 66\n")
    assert refused(root).code == "dataset-damaged"
    (root / "emnist-balanced-mapping.txt").write_text("0 x\n")
    assert refused(root).code == "dataset-damaged"


def test_fashion_is_known_by_its_folder(tmp_path: Path) -> None:
    dataset = read(write(tmp_path / "FashionMNIST" / "raw").parent)
    assert dataset.class_names == ("T-shirt or top", "Trouser", "Pullover")


def test_two_sets_in_a_folder_are_refused_and_can_be_named(tmp_path: Path) -> None:
    write(tmp_path, prefix="emnist-digits-")
    write(tmp_path, prefix="emnist-letters-")
    assert refused(tmp_path).code == "several-datasets"
    assert len(read(tmp_path / "emnist-letters-train-images-idx3-ubyte")) == 12


def test_other_folders_and_files_are_not_meant(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"JPEG")
    assert not IdxSource().detect(tmp_path / "train")
    assert not IdxSource().detect(tmp_path / "train-images-idx3-ubyte")
    assert not IdxSource().detect(tmp_path / "nowhere")


def test_counts_that_differ(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(11, np.uint8)))
    error = refused(root)
    assert error.code == "label-count"
    assert "12 photos, got 11 labels" in error.message


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "dataset-damaged"),
        (b"\1\0\x08\x03" + b"\0" * 12, "dataset-damaged"),
        (idx_bytes(pictures(12, 5, 7))[:-1], "dataset-damaged"),
        (idx_bytes(pictures(12, 5, 7)) + b"x", "dataset-damaged"),
        (b"\0\0\x08\x07" + b"\0" * 28, "dataset-damaged"),
        (b"\0\0\x0d\x03" + b"\0" * 12, "pixel-type"),
        (idx_bytes(pictures(12, 5, 7, 2)), "pixel-type"),
        (idx_bytes(np.zeros(12, np.uint8)), "pixel-type"),
        (idx_bytes(np.zeros((12, 0, 3), np.uint8)), "pixel-type"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damage_is_named(tmp_path: Path, content: bytes, code: str, packed: bool) -> None:
    root = write(tmp_path, packed=packed)
    name = "train-images-idx3-ubyte" + (".gz" if packed else "")
    (root / name).write_bytes(gzip.compress(content) if packed else content)
    error = refused(root)
    assert error.code == code
    assert name in error.message


@given(cut=st.integers(2, 200))
def test_a_cut_gzip_file_is_damaged(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = write(tmp_path_factory.mktemp("idx"), packed=True)
    file = root / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-cut])
    assert refused(root).code == "dataset-damaged"


def test_a_large_packed_file_is_unpacked_once_into_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "IN_MEMORY_BYTES", 100)
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    root = write(tmp_path / "data", packed=True)
    first = read(root)
    kept = sorted((tmp_path / "cache" / "unpacked").iterdir())
    assert len(kept) == 2
    written = [file.stat().st_ino for file in kept]
    second = read(root)
    assert [file.stat().st_ino for file in sorted((tmp_path / "cache" / "unpacked").iterdir())] == written
    assert (
        raw(first, 20).read()
        == raw(second, 20).read()
        == PixelPhoto(np.repeat(pictures(12, 5, 7, seed=1)[8][:, :, None], 3, axis=2)).read()
    )


def test_what_is_kept_unpacked_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(unpacking, "KEPT_BYTES", 500)
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    read(write(tmp_path / "data", packed=True))
    assert len(list((tmp_path / "cache" / "unpacked").iterdir())) == 1
    monkeypatch.setattr(unpacking, "KEPT_BYTES", 400)
    assert refused(tmp_path / "data").code == "dataset-too-large"


def test_a_file_that_shrinks_later_is_the_photos_fault(tmp_path: Path) -> None:
    root = write(tmp_path)
    dataset = read(root)
    file = root / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-20])
    assert len(raw(dataset, 0).read()) > 0
    for _ in range(2):
        with pytest.raises(FovealError, match=r"ends 20 bytes early|No such file") as caught:
            raw(dataset, 11).read()
        assert caught.value.code == "image-unreadable"
        file.unlink(missing_ok=True)


def test_what_is_named_but_is_none(tmp_path: Path) -> None:
    (tmp_path / "photos").touch()
    assert refused(tmp_path).code == "dataset-incomplete"
    assert refused(tmp_path / "photos").code == "dataset-incomplete"


def test_labels_and_mappings_of_another_kind(tmp_path: Path) -> None:
    root = write(tmp_path, prefix="emnist-digits-")
    (root / "emnist-digits-mapping.txt").write_text("0 48\n1 48\n2 50\n")
    assert refused(root).code == "dataset-damaged"
    (root / "emnist-digits-train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros((12, 2), np.uint8)))
    assert "labels with one axis" in refused(root).message


def test_no_photos_in_a_whole_file(tmp_path: Path) -> None:
    assert refused(write(tmp_path, n=0)).code == "no-photos"


def test_a_packed_file_of_something_else(tmp_path: Path) -> None:
    root = write(tmp_path, packed=True)
    (root / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b no")
    assert refused(root).code == "dataset-damaged"
    assert raw(read(write(tmp_path / "plain")), 0).name == "train/00"


def test_folders_with_the_names_of_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
        (tmp_path / path.name).mkdir()
    assert len(read(tmp_path)) == 24
