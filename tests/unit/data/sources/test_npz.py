from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from foveal.data import unpacked as unpacking
from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.photo import PixelPhoto
from foveal.data.raw_pixels import RawPhoto
from foveal.data.sources.npz import NpzSource
from foveal.errors import FovealError


def pictures(n: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def medmnist(file: Path, *, labels: NDArray[Any] | None = None, shape: tuple[int, ...] = (8, 6, 3)) -> Path:
    one = (np.arange(6) % 3)[:, None].astype(np.uint8) if labels is None else labels
    given = {}
    for seed, part in enumerate(("train", "val", "test")):
        given |= {f"{part}_images": pictures(6, *shape, seed=seed), f"{part}_labels": one}
    np.savez_compressed(file, **given)
    return file


def read(path: Path, *, labelled: bool = True) -> Dataset:
    assert NpzSource().detect(path)
    return NpzSource().read(path, ReadOptions(labelled=labelled))


def refused(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        NpzSource().read(path, ReadOptions())
    return caught.value


def image(dataset: Dataset, index: int) -> NDArray[np.uint8]:
    photo = dataset.photo(index)
    assert isinstance(photo, RawPhoto)
    return photo.decode(photo.read())


@pytest.mark.parametrize("in_memory", [True, False])
def test_medmnist_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool) -> None:
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "cache"))
    file = medmnist(tmp_path / "pathmnist.npz")
    (tmp_path / "info.json").write_text(json.dumps({"pathmnist": {"label": {"0": "adipose", "1": "mucus", "2": "x"}}}))
    if not in_memory:
        # labels are small enough, photos are not
        monkeypatch.setattr(unpacking, "IN_MEMORY_BYTES", 500)
    dataset = read(file)
    assert (tmp_path / "cache" / "unpacked").is_dir() is not in_memory
    assert dataset.class_names == ("adipose", "mucus", "x")
    assert dataset.labels.tolist() == [0, 1, 2] * 6
    assert dataset.parts.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert dataset.paths[7] == "val_images/1"
    expected = pictures(6, 8, 6, 3, seed=1)[1]
    assert np.array_equal(image(dataset, 7), expected)
    photo = dataset.photo(7)
    assert isinstance(photo, RawPhoto)
    assert photo.read() == PixelPhoto(expected).read()
    assert photo.detail == "val_images[1]HWC"


def test_the_larger_pictures_have_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "medmnist.json").write_text(json.dumps({"bloodmnist": {"label": {"0": "a", "1": "b", "2": "c"}}}))
    assert read(medmnist(tmp_path / "bloodmnist_64.npz")).class_names == ("a", "b", "c")


def test_chestmnist_has_several_labels(tmp_path: Path) -> None:
    labels = np.zeros((6, 4), np.uint8)
    labels[1, [0, 2]] = labels[3, 3] = 1
    dataset = read(medmnist(tmp_path / "chestmnist.npz", labels=labels, shape=(8, 8)))
    assert dataset.multi_label
    assert dataset.class_names == ("0", "2", "3")
    assert dataset.targets()[:6].tolist() == labels[:, [0, 2, 3]].astype(bool).tolist()
    assert [finding.code for finding in dataset.findings] == ["class-without-photos"]


def test_one_hot_labels_are_one_label(tmp_path: Path) -> None:
    dataset = read(medmnist(tmp_path / "x.npz", labels=np.eye(6, dtype=np.uint8)))
    assert not dataset.multi_label
    assert dataset.labels.tolist() == list(range(6)) * 3


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_keras_style(tmp_path: Path, save: Any) -> None:
    file = tmp_path / "mnist.npz"
    save(
        file,
        x_train=pictures(5, 9, 4),
        y_train=np.array([1, 0, 1, 0, 1]),
        x_test=pictures(2, 9, 4, seed=1),
        y_test=np.array([0, 1]),
    )
    dataset = read(file)
    assert dataset.class_names == ("0", "1")
    assert dataset.parts.tolist() == [0] * 5 + [2] * 2
    assert np.array_equal(image(dataset, 6)[:, :, 2], pictures(2, 9, 4, seed=1)[1])
    photo = dataset.photo(6)
    assert isinstance(photo, RawPhoto)
    assert isinstance(photo.block.content, Path) is (save is np.savez)


def test_names_as_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=pictures(4, 3, 3), labels=np.array(["cat", "dog", "cat", "ant"]))
    dataset = read(tmp_path / "a.npz")
    assert dataset.class_names == ("ant", "cat", "dog")
    assert dataset.labels.tolist() == [1, 2, 1, 0]


def test_npy_with_labels_beside(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", pictures(4, 3, 5))
    assert len(read(tmp_path / "images.npy", labelled=False)) == 4
    assert refused(tmp_path / "images.npy").code == "dataset-incomplete"
    np.save(tmp_path / "labels.npy", np.array([[0], [1], [1], [0]], np.int64))
    dataset = read(tmp_path / "images.npy")
    assert dataset.labels.tolist() == [0, 1, 1, 0]
    assert np.array_equal(image(dataset, 2)[:, :, 0], pictures(4, 3, 5)[2])
    assert dataset.paths[0] == "images/0"


def test_objects_are_pickles_and_never_loaded(tmp_path: Path) -> None:
    objects = np.array([b"a", None], object)
    np.savez(tmp_path / "a.npz", images=objects, labels=np.array([0, 1]))
    np.save(tmp_path / "b.npy", objects, allow_pickle=True)
    for name in ("a.npz", "b.npy"):
        error = refused(tmp_path / name)
        assert error.code == "pickle-refused"
        assert "savez" in error.hint


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 8, 8), np.float32),
        np.zeros((4, 3, 8, 8), np.uint8),
        np.zeros((4, 8, 8, 1), np.uint8),
        np.zeros((4, 8, 8, 8), np.uint8),
        np.zeros((4, 64), np.uint8),
        np.zeros((4, 0, 8), np.uint8),
        np.asfortranarray(np.zeros((4, 8, 8), np.uint8)),
        np.zeros(4, [("a", np.uint8)]),
    ],
)
def test_what_is_no_photo(tmp_path: Path, images: NDArray[Any]) -> None:
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(4) % 2)
    assert refused(tmp_path / "a.npz").code == "pixel-type"


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (np.arange(3), "label-count"),
        (np.array([0, 1, -1, 0]), "dataset-damaged"),
        (np.array([0, 1, 10**9, 0]), "dataset-damaged"),
        (np.array([0.5, 1, 1, 0]), "dataset-damaged"),
        (np.array([[0, 2], [0, 1], [1, 1], [0, 0]]), "dataset-damaged"),
        (np.zeros((4, 2, 2), np.uint8), "dataset-damaged"),
        (np.array(3), "dataset-damaged"),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, labels: NDArray[Any], code: str) -> None:
    np.savez(tmp_path / "a.npz", images=pictures(4, 3, 3), labels=labels)
    assert refused(tmp_path / "a.npz").code == code


def test_labels_of_different_kinds(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        x_train=pictures(2, 3, 3),
        y_train=np.array([0, 1]),
        x_test=pictures(2, 3, 3),
        y_test=np.array([[1, 1], [0, 1]]),
    )
    assert refused(tmp_path / "a.npz").code == "dataset-damaged"


def test_arrays_of_other_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", features=np.zeros((3, 4)))
    assert "features" in refused(tmp_path / "a.npz").message
    np.savez(tmp_path / "b.npz", x_train=pictures(2, 3, 3))
    assert refused(tmp_path / "b.npz").code == "dataset-incomplete"


@pytest.mark.parametrize("content", ["[", '{"a": {"label": {"0": "x", "1": "x", "2": "y"}}}', '{"label": {"1": "x"}}'])
def test_names_that_cannot_be_right(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    assert refused(medmnist(tmp_path / "a.npz")).code == "dataset-damaged"


def test_a_json_file_about_something_else(tmp_path: Path) -> None:
    (tmp_path / "info.json").write_text('{"author": "someone"}')
    assert read(medmnist(tmp_path / "a.npz")).class_names == ("0", "1", "2")


def test_detection_looks_at_names_and_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"no zip")
    (tmp_path / "b.npy").mkdir()
    for name in ("a.npz", "b.npy", "c.npz", "."):
        assert not NpzSource().detect(tmp_path / name)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), stored=st.booleans())
def test_damage_is_never_a_crash(data: st.DataObject, stored: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("npz") / "a.npz"
    save = np.savez if stored else np.savez_compressed
    save(file, images=pictures(4, 3, 3), labels=np.array([0, 1, 1, 0]))
    content = bytearray(file.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    try:
        dataset = NpzSource().read(file, ReadOptions())
    except FovealError:
        return
    for index in range(len(dataset)):
        image(dataset, index)


def test_an_encrypted_member_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, images=pictures(4, 3, 3), labels=np.array([0, 1, 1, 0]))
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        start = archive.start_dir
    content[start + 8] |= 1
    file.write_bytes(content)
    assert "encrypted" in refused(file).message


def refused_bytes(file: Path, content: bytes) -> str:
    file.write_bytes(content)
    error = refused(file)
    assert error.code == "dataset-damaged"
    return error.message


def test_cut_and_odd_files_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", pictures(4, 3, 3))
    whole = (tmp_path / "images.npy").read_bytes()
    assert "164 bytes" in refused_bytes(tmp_path / "images.npy", whole[:-1])
    assert "164 bytes" in refused_bytes(tmp_path / "images.npy", whole + b"x")
    assert "version" in refused_bytes(tmp_path / "images.npy", whole[:6] + b"\x03" + whole[7:])
    assert "magic" in refused_bytes(tmp_path / "images.npy", b"\x93NUMPX" + whole[6:])
    refused_bytes(tmp_path / "images.npy", b"")
    refused_bytes(tmp_path / "a.npz", b"PK\5\6" + b"\xff" * 18)


def test_other_zip_methods_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, images=pictures(4, 3, 3), labels=np.array([0, 1, 1, 0]))
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    assert "zip method 12" in refused(file).message


def test_a_long_json_file_is_not_about_classes(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(2**24 + 1)
    assert read(medmnist(tmp_path / "a.npz")).class_names == ("0", "1", "2")
