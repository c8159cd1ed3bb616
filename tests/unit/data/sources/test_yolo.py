from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data.crops import CropPhoto
from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources.yolo import YoloSource
from foveal.errors import FovealError

YAML = """# as published
path: ../datasets/coco8  # dataset root dir
train: images/train  # train images (relative to 'path')
val: images/val
test:  # test images (optional)

names:
  0: person
  1: "traffic light"
  2: cat

download: |
  import os
  os.system('false')
"""
LABELS = {"train/a": "0 0.5 0.5 1 1\n2 0.25 0.5 0.5 0.5\n", "train/b": "1 0.5 0.5 0.1 0.1\n", "val/c": "1 .5 .5 .2 .2"}


def yolo(root: Path, *, parts_first: bool = False, yaml: str | None = YAML) -> Path:
    for name, lines in {**LABELS, "train/background": ""}.items():
        part, stem = name.split("/")
        images, labels = (f"{part}/images", f"{part}/labels") if parts_first else (f"images/{part}", f"labels/{part}")
        for folder in (images, labels):
            (root / folder).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40)).save(root / images / f"{stem}.jpg")
        if lines:
            (root / labels / f"{stem}.txt").write_text(lines)
    if yaml is not None:
        (root / "data.yaml").write_text(yaml)
    return root


def read(path: Path, *, labelled: bool = True) -> Dataset:
    assert YoloSource().detect(path)
    return YoloSource().read(path, ReadOptions(labelled=labelled))


def refused(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        YoloSource().read(path, ReadOptions())
    return caught.value


def crop(dataset: Dataset, index: int) -> CropPhoto:
    photo = dataset.photo(index)
    assert isinstance(photo, CropPhoto)
    return photo


def codes(dataset: Dataset) -> dict[str, str]:
    return {finding.code: finding.message for finding in dataset.findings}


@pytest.mark.parametrize("by_file", [False, True])
def test_yolo_as_published(tmp_path: Path, by_file: bool) -> None:
    root = yolo(tmp_path)
    dataset = read(root / "data.yaml" if by_file else root)
    assert dataset.class_names == ("person", "traffic light", "cat")
    assert list(dataset.paths) == [
        "images/train/a.jpg#1",
        "images/train/a.jpg#2",
        "images/train/b.jpg#1",
        "images/val/c.jpg#1",
    ]
    assert dataset.labels.tolist() == [0, 2, 1, 1]
    assert dataset.parts.tolist() == [0, 0, 0, 1]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, 1, 3]
    assert codes(dataset).keys() == {"photos-without-boxes"}
    photo = crop(dataset, 1)
    assert photo.box_xyxy == (0, 0.25, 0.5, 0.75)
    assert photo.decode(photo.read()).shape == (20, 30, 3)


@pytest.mark.parametrize(
    "yaml",
    [
        "train: ../train/images\nval: ../val/images\n\nnc: 3\nnames: ['person', 'traffic light', 'cat']\n"
        "roboflow:\n  workspace: x\n",
        "train: train/images\nval: val/images\nnames:\n- person\n- traffic light\n- cat\n",
        "names: {0: person, 1: 'traffic light',\n  2: cat}\ntrain: [train/images]\nval: val/images",
        None,
    ],
)
def test_parts_first_and_other_spellings(tmp_path: Path, yaml: str | None) -> None:
    root = yolo(tmp_path, parts_first=True, yaml=yaml)
    if yaml is None:
        (root / "classes.txt").write_text("person\ntraffic light\ncat\n")
    dataset = read(root)
    assert dataset.class_names == ("person", "traffic light", "cat")
    assert dataset.parts.tolist() == [0, 0, 0, 1]
    assert dataset.paths[0] == "train/images/a.jpg#1"


def test_one_flat_folder_with_names_among_the_labels(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for number in range(2):
        Image.new("RGB", (6, 4)).save(tmp_path / f"images/{number}.jpg")
        (tmp_path / f"labels/{number}.txt").write_text(f"{number} 0.5 0.5 0.5 0.5\n")
    (tmp_path / "labels/classes.txt").write_text("a\nb\n")
    assert read(tmp_path).labels.tolist() == [0, 1]
    (tmp_path / "labels/classes.txt").unlink()
    assert refused(tmp_path).code == "dataset-incomplete"


def test_lists_of_photos(tmp_path: Path) -> None:
    root = yolo(tmp_path, yaml=YAML.replace("images/train ", "train.txt ").replace("images/val", "lists/val.txt"))
    (root / "lists").mkdir()
    (root / "train.txt").write_text(f"./images/train/a.jpg\n{root}/images/train/b.jpg\n")
    (root / "lists/val.txt").write_text("../images/val/c.jpg\n")
    dataset = read(root)
    assert dataset.labels.tolist() == [0, 2, 1, 1]
    assert all(crop(dataset, index).decode(crop(dataset, index).read()).size for index in range(4))


def test_photos_elsewhere(tmp_path: Path) -> None:
    yolo(tmp_path / "photos", yaml=None)
    (tmp_path / "here").mkdir()
    (tmp_path / "here/data.yaml").write_text(YAML.replace("../datasets/coco8", str(tmp_path / "photos")))
    dataset = read(tmp_path / "here")
    assert dataset.labels.tolist() == [0, 2, 1, 1]
    assert dataset.paths[0] == f"{tmp_path}/photos/images/train/a.jpg#1"
    assert crop(dataset, 0).decode(crop(dataset, 0).read()).shape == (40, 60, 3)


def test_a_folder_named_twice_counts_once(tmp_path: Path) -> None:
    dataset = read(yolo(tmp_path, yaml=YAML.replace("test:", "test: images/val")))
    assert dataset.parts.tolist() == [0, 0, 0, 1]


def test_outlines_count_as_their_boxes(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "labels/train/b.txt").write_text("1 0.1 0.2 0.5 0.3 0.4 0.9\n")
    assert crop(read(root), 2).box_xyxy == tuple(np.float32([0.1, 0.2, 0.5, 0.9]).tolist())


@pytest.mark.parametrize(
    "line",
    [
        "3 0.5 0.5 0.1 0.1",
        "-1 0.5 0.5 0.1 0.1",
        "cat 0.5 0.5 0.1 0.1",
        "0 0.5 0.5 0.1",
        "0 0.5 0.5 0.1 0.1 0.9",
        "0",
        "0 10 20 30 40",
        "0 nan 0.5 0.1 0.1",
        "\xff",
    ],
)
def test_a_damaged_file_of_boxes_is_named_and_left_out(tmp_path: Path, line: str) -> None:
    root = yolo(tmp_path)
    (root / "labels/train/b.txt").write_bytes(f"1 0.5 0.5 0.1 0.1\n{line}\n".encode("latin-1"))
    dataset = read(root, labelled=False)
    assert len(dataset) == 3
    assert "images/train/b.jpg" in codes(dataset)["annotation-unreadable"]


def test_a_box_of_nothing(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "labels/train/b.txt").write_text("1 0.5 0.5 0 0.1\n1 0.5 0.5 0.1 0.1\n")
    dataset = read(root)
    assert dataset.paths[2] == "images/train/b.jpg#1"
    assert "images/train/b.jpg" in codes(dataset)["empty-boxes"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  2: cat", "  3: cat", "dataset-damaged"),
        ("  2: cat", "  2: person", "dataset-damaged"),
        ("  2: cat", "  - cat", "dataset-damaged"),
        ("  2: cat", "  2: &anchor cat", "dataset-damaged"),
        ("names:", "nc: 4\nnames:", "dataset-damaged"),
        ("images/train ", "images/trian ", "dataset-incomplete"),
        ('  0: person\n  1: "traffic light"\n  2: cat\n', "", "dataset-damaged"),
    ],
)
def test_a_yaml_file_that_cannot_be_right(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in YAML
    assert refused(yolo(tmp_path, yaml=YAML.replace(old, new))).code == code


def test_two_yaml_files(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "other.yaml").write_text(YAML)
    assert refused(root).code == "several-datasets"
    assert len(read(root / "other.yaml")) == 4


def test_other_folders_are_not_meant(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "a.yaml").write_text("name: x\ntrain: y\n")
    for name in (".", "images", "a.yaml", "nowhere"):
        assert not YoloSource().detect(tmp_path / name)
    assert refused(tmp_path).code == "dataset-incomplete"


@settings(deadline=None, max_examples=40)
@given(content=st.binary(max_size=60) | st.text("0123456789. -\neinfa", max_size=60).map(str.encode))
def test_no_file_of_boxes_crashes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = yolo(tmp_path_factory.mktemp("yolo"))
    (root / "labels/train/b.txt").write_bytes(content)
    dataset = YoloSource().read(root, ReadOptions(labelled=False))
    assert len(dataset) >= 3


def test_files_that_are_no_text(tmp_path: Path) -> None:
    root = yolo(tmp_path, yaml=YAML.replace("images/train ", "train.txt "))
    (root / "train.txt").write_bytes(b"\xff\xfe\xff")
    assert refused(root).code == "dataset-damaged"
    (root / "data.yaml").write_text("names: [a, b]\ntrain:\n")
    assert refused(root).code == "dataset-incomplete"
    (root / "data.yaml").unlink()
    (root / "classes.txt").write_bytes(b"\xff\xfe\xff")
    assert refused(root).code == "dataset-damaged"
    with (root / "data.yaml").open("wb") as file:
        file.truncate(2**22 + 1)
    assert refused(root / "data.yaml").code == "dataset-damaged"


def test_a_test_part_that_was_not_downloaded(tmp_path: Path) -> None:
    root = yolo(tmp_path, yaml=YAML.replace("test:", "test: test-dev2017.txt").replace("val: images/val", "val: gone"))
    dataset = read(root)
    assert dataset.parts.tolist() == [0, 0, 0]
    assert "gone, test-dev2017.txt" in codes(dataset)["part-missing"]


def test_parts_with_a_year_in_their_names(tmp_path: Path) -> None:
    root = yolo(tmp_path, yaml=None)
    (root / "classes.txt").write_text("person\ntraffic light\ncat\n")
    for folder in ("images", "labels"):
        for part in ("train", "val"):
            (root / folder / part).rename(root / folder / f"{part}2017")
    assert read(root).parts.tolist() == [0, 0, 0, 1]
