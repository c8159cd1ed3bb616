from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data.crops import CropPhoto
from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources.coco import CocoSource
from foveal.errors import FovealError

CATEGORIES = [
    {"supercategory": "person", "id": 1, "name": "person"},
    {"supercategory": "animal", "id": 18, "name": "dog"},
    {"supercategory": "animal", "id": 17, "name": "cat"},
]


def annotation(number: int, image: int, category: int, box: Any, **more: Any) -> dict[str, Any]:
    outline = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
    one = {"segmentation": outline, "area": 9.0, "iscrowd": 0, "image_id": image, "bbox": box, "category_id": category}
    return {**one, "id": number, **more}


def content(first: int = 0) -> dict[str, Any]:
    images = [
        {"license": 1, "file_name": f"{number:012d}.jpg", "height": 40, "width": 60, "id": number}
        for number in range(first, first + 4)
    ]
    crowd = {"segmentation": {"counts": [3, 4], "size": [40, 60]}, "iscrowd": 1}
    annotations = [
        annotation(1, first + 2, 18, [1.5, 2.25, 10.25, 20.5]),
        annotation(2, first, 1, [0, 0, 60, 40]),
        annotation(3, first + 2, 17, [10, 10, 5, 5]),
        annotation(4, first + 1, 1, [0, 0, 60, 40], **crowd),
        annotation(5, first + 1, 18, [3, 3, 0, 5]),
    ]
    info = {"description": "COCO 2017 Dataset"}
    return {"info": info, "licenses": [], "images": images, "annotations": annotations, "categories": CATEGORIES}


def coco(root: Path) -> Path:
    (root / "annotations").mkdir(parents=True)
    for part, first in (("train2017", 0), ("val2017", 100)):
        (root / "annotations" / f"instances_{part}.json").write_text(json.dumps(content(first)))
        (root / part).mkdir()
        for number in range(first, first + 4):
            Image.new("RGB", (60, 40), (number, 0, 0)).save(root / part / f"{number:012d}.jpg")
    (root / "annotations" / "captions_train2017.json").write_text("{}")
    return root


def read(path: Path, *, labelled: bool = True) -> Dataset:
    assert CocoSource().detect(path)
    return CocoSource().read(path, ReadOptions(labelled=labelled))


def refused(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        CocoSource().read(path, ReadOptions())
    return caught.value


def boxes(dataset: Dataset) -> list[tuple[float, ...]]:
    found = [dataset.photo(index) for index in range(len(dataset))]
    return [photo.box_xyxy for photo in found if isinstance(photo, CropPhoto)]


def test_coco_as_published(tmp_path: Path) -> None:
    dataset = read(coco(tmp_path))
    assert dataset.class_names == ("person", "cat", "dog")
    assert list(dataset.paths[:3]) == [
        "train2017/000000000000.jpg#1",
        "train2017/000000000002.jpg#1",
        "train2017/000000000002.jpg#2",
    ]
    assert dataset.labels.tolist() == [0, 2, 1] * 2
    assert dataset.parts.tolist() == [0] * 3 + [1] * 3
    assert boxes(dataset)[:3] == [(0, 0, 60, 40), (1.5, 2.25, 11.75, 22.75), (10, 10, 15, 15)]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 2, 2, 4, 6, 6]
    counts = {finding.code: finding.message for finding in dataset.findings}
    assert counts.keys() == {"crowd-boxes", "empty-boxes", "photos-without-boxes"}
    photo = dataset.photo(1)
    assert isinstance(photo, CropPhoto)
    assert photo.decode(photo.read()).shape == (21, 11, 3)


def test_without_labels(tmp_path: Path) -> None:
    dataset = read(coco(tmp_path), labelled=False)
    assert (len(dataset), dataset.class_names, set(dataset.labels.tolist())) == (6, (), {-1})


def test_one_file(tmp_path: Path) -> None:
    dataset = read(coco(tmp_path) / "annotations/instances_val2017.json")
    assert dataset.paths[0] == "val2017/000000000100.jpg#1"
    assert dataset.parts.tolist() == [0] * 3


@pytest.mark.parametrize("inside", ["images/train2017", "images", "data", "", "images/train"])
def test_photos_where_other_tools_put_them(tmp_path: Path, inside: str) -> None:
    root = coco(tmp_path)
    (root / "annotations/instances_val2017.json").unlink()
    (root / "train2017").rename(root / "moved")
    (root / inside).mkdir(parents=True, exist_ok=True)
    for file in (root / "moved").iterdir():
        file.rename(root / inside / file.name)
    dataset = read(root)
    assert dataset.paths[0] == f"{inside}/000000000000.jpg#1".lstrip("/")
    photo = dataset.photo(0)
    assert isinstance(photo, CropPhoto)
    assert photo.decode(photo.read()).shape == (40, 60, 3)


def test_files_among_the_photos(tmp_path: Path) -> None:
    for part, first in (("train", 0), ("valid", 100)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "_annotations.coco.json").write_text(json.dumps(content(first)))
        Image.new("RGB", (60, 40)).save(tmp_path / part / f"{first:012d}.jpg")
    dataset = read(tmp_path)
    assert dataset.parts.tolist() == [0] * 3 + [1] * 3
    assert dataset.paths[3] == "valid/000000000100.jpg#1"


def test_names_that_clash_stand_below_their_supercategory(tmp_path: Path) -> None:
    root = coco(tmp_path)
    kinds = [
        {"supercategory": "animal", "id": 17, "name": "mouse"},
        {"supercategory": "electronic", "id": 18, "name": "mouse"},
        {"id": 1, "name": "person"},
    ]
    for file in (root / "annotations").glob("instances_*"):
        file.write_text(json.dumps({**json.loads(file.read_text()), "categories": kinds}))
    assert read(root).class_names == ("person", "animal/mouse", "electronic/mouse")


def test_several_of_one_part(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "annotations/instances_train2014.json").write_text(json.dumps(content()))
    assert refused(root).code == "several-datasets"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"images": None}, "dataset-damaged"),
        ({"images": [{"id": 1}]}, "dataset-damaged"),
        ({"categories": [{"id": 1}]}, "dataset-damaged"),
        ({"categories": [*CATEGORIES, CATEGORIES[0] | {"id": 3}]}, "dataset-damaged"),
        ({"annotations": []}, "dataset-incomplete"),
        ({"annotations": [annotation(1, 99, 1, [0, 0, 1, 1])]}, "dataset-damaged"),
        ({"annotations": [annotation(1, 1, 99, [0, 0, 1, 1])]}, "dataset-damaged"),
        ({"annotations": [annotation(1, [], 1, [0, 0, 1, 1])]}, "dataset-damaged"),  # type: ignore[arg-type]
        ({"annotations": [annotation(1, 1, 1, [0, 0, 10**400, 1])]}, "dataset-damaged"),
        ({"annotations": [annotation(1, 1, 1, "0 0 1 1")]}, "no-photos"),
        ({"annotations": [annotation(1, 1, 1, [0, 0, 1e300, 1])]}, "no-photos"),
        ({"annotations": [annotation(1, 1, 1, [0, 0, 1, 1])]}, "one-class"),
        ({"images": [{"id": 1, "file_name": "nowhere.jpg"}]}, "dataset-incomplete"),
    ],
)
def test_damage_is_named(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    file = coco(tmp_path) / "annotations/instances_train2017.json"
    file.write_text(json.dumps(content() | change))
    (tmp_path / "annotations/instances_val2017.json").unlink()
    error = refused(tmp_path)
    assert error.code == code


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"images": []}', '{"a": "\\ud800"}'])
def test_no_coco_at_all(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    assert refused(file).code == "dataset-damaged"


def test_other_files_are_not_meant(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "x"}')
    (tmp_path / "b.json").write_text("[]")
    (tmp_path / "annotations").mkdir()
    for name in ("a.json", "b.json", "annotations", ".", "nowhere"):
        assert not CocoSource().detect(tmp_path / name)
    assert refused(tmp_path).code == "dataset-incomplete"


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damaged_bytes_are_never_a_crash(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("coco")
    plain = json.dumps(content()).encode()
    at = data.draw(st.integers(0, len(plain) - 1))
    spoilt = plain[:at] + data.draw(st.binary(max_size=3)) + plain[at + data.draw(st.integers(0, 50)) :]
    (root / "a.json").write_bytes(spoilt)
    (root / "000000000000.jpg").touch()
    try:
        dataset = CocoSource().read(root / "a.json", ReadOptions())
    except FovealError:
        return
    assert np.isfinite(np.array(boxes(dataset))).all()
