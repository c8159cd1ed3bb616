from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data.crops import CropPhoto
from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.sources.voc import VocSource
from foveal.errors import FovealError

OBJECT = """
  <object>
    <name>{name}</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
    <bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
  </object>"""


def xml(name: str, *objects: tuple[str, tuple[object, ...]]) -> str:
    inside = "".join(OBJECT.format(name=label, box=box) for label, box in objects)
    return (
        f"<annotation>\n  <folder>VOC2012</folder>\n  <filename>{name}.jpg</filename>\n"
        f"  <size><width>60</width><height>40</height><depth>3</depth></size>{inside}\n</annotation>\n"
    )


def voc(root: Path) -> Path:
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main", "SegmentationClass"):
        (root / folder).mkdir(parents=True)
    photos = {
        "2007_000010": [("person", (1, 1, 60, 40)), ("dog", (11, 21, 30, 25))],
        "2007_000020": [("cat", (8.5, 3, 20, 30))],
        "2007_000030": [("cat", (8, 3, 20, 30)), ("dog", (8, 3, 7, 30))],
        "2007_000040": [("person", (1, 1, 5, 5))],
        "2007_000050": [("dog", (1, 1, 5, 5))],
        "2007_000060": [("dog", (1, 1, 5, 5)), ("person", (2, 2, 5, 5))],
    }
    for name, objects in photos.items():
        (root / f"Annotations/{name}.xml").write_text(xml(name, *objects))
        Image.new("RGB", (60, 40)).save(root / f"JPEGImages/{name}.jpg")
    (root / "ImageSets/Main/train.txt").write_text("2007_000010\n2007_000020\n2007_000060\n")
    (root / "ImageSets/Main/val.txt").write_text("2007_000030\n")
    (root / "ImageSets/Main/trainval.txt").write_text("2007_000010\n2007_000020\n2007_000030\n2007_000060\n")
    (root / "ImageSets/Main/test.txt").write_text("2007_000040\n")
    (root / "ImageSets/Main/dog_train.txt").write_text("2007_000010  1\n2007_000020 -1\n")
    return root


def read(path: Path, *, labelled: bool = True) -> Dataset:
    assert VocSource().detect(path)
    return VocSource().read(path, ReadOptions(labelled=labelled))


def refused(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        VocSource().read(path, ReadOptions())
    return caught.value


def boxes(dataset: Dataset) -> list[tuple[float, ...]]:
    found = [dataset.photo(index) for index in range(len(dataset))]
    return [photo.box_xyxy for photo in found if isinstance(photo, CropPhoto)]


def codes(dataset: Dataset) -> dict[str, str]:
    return {finding.code: finding.message for finding in dataset.findings}


@pytest.mark.parametrize("inside", ["", "VOC2012", "VOCdevkit/VOC2012"])
def test_voc_as_published(tmp_path: Path, inside: str) -> None:
    voc(tmp_path / inside)
    if inside.startswith("VOCdevkit"):
        tmp_path /= "VOCdevkit"
    dataset = read(tmp_path)
    assert dataset.class_names == ("cat", "dog", "person")
    above = "VOC2012/" if inside else ""
    assert list(dataset.paths[:3]) == [
        f"{above}JPEGImages/2007_000010.jpg#1",
        f"{above}JPEGImages/2007_000010.jpg#2",
        f"{above}JPEGImages/2007_000020.jpg#1",
    ]
    assert dataset.labels.tolist() == [2, 1, 0, 0, 2, 1, 2]
    assert dataset.parts.tolist() == [0, 0, 0, 1, 2, 0, 0]
    assert boxes(dataset)[:3] == [(0, 0, 60, 40), (10, 20, 30, 25), (7.5, 2, 20, 30)]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, 1, 2, 3, 4, 4]
    found = codes(dataset)
    assert found.keys() == {"empty-boxes", "outside-image-sets"}
    assert "2007_000030" in found["empty-boxes"]
    assert "2007_000050" in found["outside-image-sets"]
    photo = dataset.photo(1)
    assert isinstance(photo, CropPhoto)
    assert photo.decode(photo.read()).shape == (5, 20, 3)


def test_without_lists_and_without_labels(tmp_path: Path) -> None:
    root = voc(tmp_path)
    for file in (root / "ImageSets/Main").iterdir():
        file.unlink()
    assert set(read(root).parts.tolist()) == {0}
    dataset = read(root, labelled=False)
    assert (len(dataset), dataset.class_names) == (8, ())


def test_trainval_counts_where_it_stands_alone(tmp_path: Path) -> None:
    root = voc(tmp_path)
    for name in ("train", "val"):
        (root / f"ImageSets/Main/{name}.txt").unlink()
    assert read(root).parts.tolist() == [0, 0, 0, 0, 2, 0, 0]


def test_a_photo_in_two_lists_is_damage(tmp_path: Path) -> None:
    root = voc(tmp_path)
    (root / "ImageSets/Main/val.txt").write_text("2007_000010\n")
    assert refused(root).code == "dataset-damaged"


def test_photos_with_other_endings(tmp_path: Path) -> None:
    root = voc(tmp_path)
    (root / "JPEGImages/2007_000010.jpg").rename(root / "JPEGImages/2007_000010.PNG")
    (root / "JPEGImages/2007_000020.jpg").unlink()
    dataset = read(root)
    assert dataset.paths[0] == "JPEGImages/2007_000010.PNG#1"
    missing = dataset.photo(2)
    assert isinstance(missing, CropPhoto)
    with pytest.raises(FovealError) as caught:
        missing.read()
    assert caught.value.code == "image-unreadable"


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<annotation><filename>&b;</filename></annotation>"
)
EXTERNAL = (
    '<!DOCTYPE annotation [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
    "<annotation><filename>&secret;</filename></annotation>"
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"<annotation>",
        b"<annotation><object><name>cat</name></object></annotation>",
        b"<annotation><object><bndbox/></object></annotation>",
        xml("a", ("cat", ("x", 1, 2, 3))).encode(),
        xml("a", ("cat", ("", 1, 2, 3))).encode(),
        LAUGHS.encode(),
        LAUGHS.replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"),
        EXTERNAL.encode(),
        b"<a>" * 40,
        b"<annotation>" + b" " * 5_000_000 + b"</annotation>",
    ],
)
def test_a_damaged_annotation_is_named_and_left_out(tmp_path: Path, content: bytes) -> None:
    root = voc(tmp_path)
    (root / "Annotations/2007_000020.xml").write_bytes(content)
    dataset = read(root, labelled=False)
    assert len(dataset) == 6
    assert "2007_000020.xml" in codes(dataset)["annotation-unreadable"]


def test_numbers_that_are_none(tmp_path: Path) -> None:
    root = voc(tmp_path)
    (root / "Annotations/2007_000020.xml").write_text(xml("a", ("cat", ("nan", 1, "inf", 3))))
    dataset = read(root, labelled=False)
    assert "(2)" in codes(dataset)["empty-boxes"]


def test_several_years_and_none(tmp_path: Path) -> None:
    assert not VocSource().detect(tmp_path)
    assert not VocSource().detect(tmp_path / "nowhere")
    assert refused(tmp_path).code == "dataset-incomplete"
    for year in ("VOC2007", "VOC2012"):
        voc(tmp_path / year)
    assert refused(tmp_path).code == "several-datasets"


@settings(deadline=None, max_examples=60)
@given(
    content=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: xml("a", (text, (1, 1, 2, 2))).encode())
)
def test_no_annotation_crashes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("voc")
    (root / "Annotations").mkdir()
    (root / "JPEGImages").mkdir()
    (root / "Annotations/a.xml").write_bytes(content)
    (root / "Annotations/b.xml").write_text(xml("b", ("cat", (1, 1, 3, 3))))
    dataset = VocSource().read(root, ReadOptions(labelled=False))
    assert len(dataset) in {1, 2}


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    root = voc(tmp_path)
    (root / "ImageSets/Main/val.txt").write_bytes(b"\xff\xfe")
    assert refused(root).code == "dataset-damaged"
