"""Every form that can be written is read back as it was."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.data.options import ReadOptions
from foveal.data.photo import as_photo
from foveal.data.read import read
from foveal.data.sources import SOURCES
from foveal.data.writers import WRITERS, writer
from foveal.data.writers.new_folder import new_folder
from foveal.errors import FovealError

# The source that reads what a writer writes; a part of its name in the table of sources.
READS = {"folder": "folder", "csv": "table", "parquet": "parquet", "webdataset": "webdataset"}
FORMS = [
    pytest.param(form, marks=pytest.mark.skipif(not any(READS[form] in name for name in SOURCES), reason="no source"))
    for form in WRITERS
]
NAMES = ["cat/x.jpg", "cat/y.png", "dog/x.jpg", "dog/z w.bmp", "dog/a.b.webp", "owl/é.JPEG"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    rng = np.random.default_rng(0)
    for name in NAMES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(rng.integers(0, 256, (8, 9, 3), np.uint8))
        image.save(path, lossless=True) if path.suffix == ".webp" else image.save(path)
    return root


def write(dataset: Dataset, form: str, target: Path) -> Path:
    chosen = writer(form)
    chosen.check(dataset)
    with new_folder(target) as folder:
        done = chosen.write(dataset, folder, target, lambda done, total: None)
    assert (done.photos, done.left_out) == (len(dataset), ())
    return target


def said(dataset: Dataset, of: Callable[[Path | Any], bytes]) -> dict[bytes, tuple[Any, ...]]:
    """By content: labels, part, and the contents that share its group."""
    contents = [of(photo) for photo in dataset.photos()]
    assert len(set(contents)) == len(contents)
    names = np.array([*dataset.class_names, ""])
    targets = dataset.targets()
    groups = np.full(len(dataset), -1) if dataset.groups is None else dataset.groups
    found: dict[bytes, tuple[Any, ...]] = {}
    for row, content in enumerate(contents):
        together = {contents[other] for other in np.flatnonzero(groups == groups[row])} if groups[row] >= 0 else set()
        found[content] = ([*names[:-1][targets[row]]], int(dataset.parts[row]), together)
    return found


def file_bytes(photo: Any) -> bytes:
    return as_photo(photo).read()


def pixels(photo: Any) -> bytes:
    whole = as_photo(photo)
    return whole.decode(whole.read()).tobytes()


@pytest.mark.parametrize("form", FORMS)
def test_labels_and_parts(photos: Path, tmp_path: Path, form: str) -> None:
    dataset = read(photos)
    dataset = replace(dataset, parts=np.array([0, 1, 0, 2, 0, 0]))
    back = read(write(dataset, form, tmp_path / "out"))
    assert back.class_names == dataset.class_names
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", [form for form in FORMS if form.values != ("folder",)])
def test_several_labels_groups_and_odd_names(photos: Path, tmp_path: Path, form: str) -> None:
    sets = LabelSets.of([[0], [], [1, 2], [0, 1, 2], [2], [1]])
    names = ("a b", "c, d;", 'é"')
    groups = np.array([3, -1, 3, 0, 0, -1])
    dataset = replace(read(photos), class_names=names, labels=np.full(6, -1), label_sets=sets, groups=groups)
    back = read(write(dataset, form, tmp_path / "out"))
    assert back.multi_label
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", [form for form in FORMS if form.values != ("folder",)])
def test_photos_without_label(photos: Path, tmp_path: Path, form: str) -> None:
    dataset = replace(read(photos), labels=np.array([0, -1, 1, 1, -1, 2]))
    back = read(write(dataset, form, tmp_path / "out"))
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", FORMS)
def test_no_labels_at_all(photos: Path, tmp_path: Path, form: str) -> None:
    unlabelled = ReadOptions(labelled=False)
    dataset = read(photos, options=unlabelled)
    target = write(dataset, form, tmp_path / "out")
    if form == "csv":
        back = read(target / "labels.csv", options=unlabelled)
    else:
        back = read(target, source="webdataset" if form == "webdataset" else "auto", options=unlabelled)
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", FORMS)
def test_photos_from_an_archive(photos: Path, tmp_path: Path, form: str) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in NAMES:
            archive.write(photos / name, name)
    dataset = read(tmp_path / "photos.zip")
    assert len(dataset) == 6
    back = read(write(dataset, form, tmp_path / "out"))
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", FORMS)
def test_plain_numbers_become_png(tmp_path: Path, form: str) -> None:
    from foveal.data.raw_pixels import RawPhoto

    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "t.npz", train_images=images, train_labels=np.array([[0], [1], [1], [0], [1], [2]]))
    dataset = read(tmp_path / "t.npz", source="npz") if "npz" in SOURCES else None
    if dataset is None:
        pytest.skip("no source for arrays yet")
    assert isinstance(dataset.photo(0), RawPhoto)
    back = read(write(dataset, form, tmp_path / "out"))
    assert back.class_names == dataset.class_names
    assert said(back, pixels) == said(dataset, pixels)


def test_a_hierarchy_as_folders(photos: Path, tmp_path: Path) -> None:
    dataset = replace(read(photos), class_names=("animal/cat", "animal/dog", "bird"))
    chosen = writer("folder")
    with new_folder(tmp_path / "out") as folder:
        done = chosen.write(dataset, folder, tmp_path / "out", lambda done, total: None)
    assert [finding.code for finding in done.findings] == ["written-nested"]
    back = read(tmp_path / "out", options=ReadOptions(classes="nested"))
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("names", [("train", "test", "val"), ("Train", "x", "y")])
def test_classes_called_like_parts(photos: Path, tmp_path: Path, names: tuple[str, ...]) -> None:
    dataset = replace(read(photos), class_names=names)
    back = read(write(dataset, "folder", tmp_path / "out"))
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", FORMS)
def test_groups_within_classes(photos: Path, tmp_path: Path, form: str) -> None:
    dataset = replace(read(photos), groups=np.array([4, 2, 0, -1, 7, -1]), parts=np.array([0, 0, 0, 2, 0, 0]))
    back = read(write(dataset, form, tmp_path / "out"))
    assert said(back, file_bytes) == said(dataset, file_bytes)


@pytest.mark.parametrize("form", WRITERS)
def test_what_a_form_cannot_say_is_refused(photos: Path, form: str) -> None:
    dataset = read(photos)
    several = replace(dataset, labels=np.full(6, -1), label_sets=LabelSets.of([[0]] * 6), class_names=("a|b", "c", "d"))
    wrong = {
        "folder": [
            several,
            replace(dataset, groups=np.zeros(6, np.int64)),
            replace(dataset, class_names=("a", "A", "b")),
        ],
        "csv": [several],
    }
    for each in wrong.get(form, []):
        with pytest.raises(FovealError) as caught:
            writer(form).check(each)
        assert caught.value.code == "cannot-express"
    writer(form).check(dataset)


def test_groups_that_folders_cannot_show_are_told_apart(photos: Path) -> None:
    dataset = read(photos)
    nested = tuple(f"x/{name}" for name in dataset.class_names)
    one = np.where(dataset.labels == 0, 5, -1)
    for wrong, said in (
        (replace(dataset, groups=np.zeros(6, np.int64)), "several classes"),
        (replace(dataset, groups=one), f"a single group: {dataset.class_names[0]}"),
        (replace(dataset, groups=one, class_names=nested), "hierarchy"),
    ):
        with pytest.raises(FovealError, match=said):
            writer("folder").check(wrong)
    writer("folder").check(replace(dataset, groups=np.full(6, -1), class_names=nested))
