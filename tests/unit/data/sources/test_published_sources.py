"""What the sources for published datasets share, and which of all sources takes which of their forms."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_cifar import hundred, ten
from test_coco import coco
from test_idx import write as idx
from test_npz import medmnist
from test_parquet_images import hub
from test_voc import voc
from test_yolo import yolo

from foveal.data.label_sets import LabelSets
from foveal.data.options import ReadOptions
from foveal.data.photo import as_photo
from foveal.data.read import read
from foveal.data.sources import SOURCES, published, source
from foveal.data.sources.published import entries, few_entries, first_bytes, is_file, is_folder, noticed, put_together
from foveal.errors import FovealError

FORMS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "cifar-10": ("cifar", ten),
    "cifar-100": ("cifar", hundred),
    "coco": ("coco", coco),
    "coco-file": ("coco", lambda root: coco(root) / "annotations/instances_val2017.json"),
    "idx": ("idx", idx),
    "idx-packed": ("idx", lambda root: idx(root, packed=True)),
    "idx-file": ("idx", lambda root: idx(root) / "train-images-idx3-ubyte"),
    "npz": ("npz", lambda root: medmnist(root / "pathmnist.npz")),
    "hub": ("parquet-images", hub),
    "hub-file": ("parquet-images", lambda root: hub(root) / "data/train-00000-of-00002.parquet"),
    "voc": ("voc", voc),
    "voc-devkit": ("voc", lambda root: voc(root / "VOC2007").parent),
    "yolo": ("yolo", yolo),
    "yolo-file": ("yolo", lambda root: yolo(root) / "data.yaml"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_first_source_that_detects_a_form_is_its_own(form: str, tmp_path: Path) -> None:
    expected, make = FORMS[form]
    place = make(tmp_path)
    assert next(name for name in SOURCES if source(name).detect(place)) == expected
    dataset = read(place)
    assert (dataset.labelled.all(), dataset.multi_label, len(dataset.class_names) > 1) == (True, False, True)
    assert len(set(dataset.paths)) == len(dataset)
    for index in (0, len(dataset) - 1):
        photo = as_photo(dataset.photo(index))
        assert photo.decode(photo.read(), min_side=32).ndim == 3
    bare = read(place, options=ReadOptions(labelled=False))
    assert (bare.class_names, list(bare.paths)) == ((), list(dataset.paths))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_known_of_a_photo_is_its_own(form: str, tmp_path: Path) -> None:
    """File and detail together are what a content key is remembered by, so no two photos may share them."""
    dataset = read(FORMS[form][1](tmp_path), options=ReadOptions(labelled=False))
    photos = [as_photo(photo) for photo in dataset.photos()]
    assert len({(photo.file, photo.detail) for photo in photos}) == len(photos)
    assert len({photo.label for photo in photos}) == len(photos)
    assert all(photo.status() is not None for photo in photos)


@pytest.mark.parametrize("name", ["cifar", "coco", "idx", "npz", "parquet-images", "voc", "yolo"])
def test_folders_of_classes_are_left_to_others(name: str, tmp_path: Path) -> None:
    for kind in ("train/cat", "train/images", "test/cat", "annotations"):
        (tmp_path / kind).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / kind / "1.jpg")
    (tmp_path / "labels.csv").write_text("path,label\n")
    assert not source(name).detect(tmp_path)
    assert not source(name).detect(tmp_path / "labels.csv")
    assert not source(name).detect(tmp_path / "train/cat/1.jpg")


def test_classes_without_photos_are_left_out_and_named(tmp_path: Path) -> None:
    dataset = put_together(
        tmp_path,
        ["a", "b", "c"],
        None,
        parts=np.zeros(3, np.int8),
        labels=np.array([3, 1, -1]),
        class_names=("w", "x", "y", "z"),
    )
    assert (dataset.class_names, dataset.labels.tolist()) == (("x", "z"), [1, 0, -1])
    assert dataset.findings[0].paths == ("w", "y")
    sets = LabelSets.of([[3], [1, 3], []])
    many = put_together(tmp_path, "abc", None, parts=np.zeros(3), labels=sets, class_names=("w", "x", "y", "z"))
    assert many.targets().tolist() == [[False, True], [True, True], [False, False]]


def test_what_cannot_be_learnt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FovealError) as caught:
        put_together(tmp_path, "ab", None, parts=np.zeros(2), labels=np.zeros(2, int), class_names=("x", "y"))
    assert caught.value.code == "one-class"
    parts = np.array([0, 0, 2])
    with pytest.raises(FovealError) as caught:
        put_together(tmp_path, "abc", None, parts=parts, labels=np.arange(3), class_names=("x", "y", "z"))
    assert caught.value.code == "class-mismatch"


def test_a_finding_counts_all_and_names_the_first() -> None:
    assert noticed("empty-boxes", "boxes left out", [], "error") == ()
    (finding,) = noticed("empty-boxes", "boxes left out", [str(number) for number in range(1000)], "error")
    assert finding.message.startswith("boxes left out (1,000): 0, 1")
    assert len(finding.paths) == 20


def test_looking_never_fails(tmp_path: Path) -> None:
    assert entries(tmp_path / "nowhere") == []
    assert first_bytes(tmp_path, 4) == b""
    assert first_bytes(tmp_path / "a\0b", 4) == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert first_bytes(tmp_path / "pipe", 4) == b""
    assert not is_file(tmp_path / "pipe")


def test_where_nobody_may_look_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [make(tmp_path / form) for form, (_, make) in FORMS.items() if not form.startswith(("npz", "voc-"))]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse)
    assert not is_folder(tmp_path)
    for name in ("cifar", "coco", "idx", "npz", "parquet-images", "voc", "yolo"):
        assert not any(source(name).detect(place) for place in places)


def test_folders_of_very_many_files_are_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = coco(tmp_path)
    assert few_entries(root) == entries(root) == ["annotations", "train2017", "val2017"]
    monkeypatch.setattr(published, "_FEW", 2)
    assert few_entries(root) == []
    assert few_entries(root / "nowhere") == few_entries(Path("a\0b")) == []
