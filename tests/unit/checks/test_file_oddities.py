from __future__ import annotations

import pytest
from tests.unit.checks.made_evidence import evidence, plain_pixels

from foveal.checks.file_oddities import _FORMAT_OF, check
from foveal.imaging.formats import IMAGE_SUFFIXES
from foveal.types.data_finding import DataFinding

M = 40


def found(paths=None, labels=None, failures=None, **facts) -> dict[str, DataFinding]:
    """The findings on 40 photos of which number 3 has these facts."""
    pixels = plain_pixels(M)
    for name, value in facts.items():
        pixels["facts"][name][3] = value
    labels = [0, 1] * ((M + len(failures or {})) // 2) if labels is None else labels
    findings = list(check(evidence(labels, pixels=pixels, paths=paths, failures=failures)))
    assert len({finding.code for finding in findings}) == len(findings)
    return {finding.code: finding for finding in findings}


def test_plain_photos_give_no_finding():
    assert found() == {}


@pytest.mark.parametrize(
    ("facts", "code", "note"),
    [
        ({"format": b"PNG"}, "wrong-extension", "PNG under the name .jpg"),
        ({"frames": 12}, "several-frames", "12 pictures"),
        ({"mode": b"CMYK"}, "odd-mode", "CMYK, colours for print"),
        ({"mode": b"I;16B"}, "odd-mode", "16 bits a colour"),
        ({"mode": b"RGB;16B"}, "odd-mode", "16 bits a colour"),
        ({"mode": b"1"}, "odd-mode", "1 bit, black and white only"),
        ({"mode": b"P"}, "odd-mode", "a palette"),
        ({"mode": b"RGBA"}, "odd-mode", "transparency"),
        ({"orientation": 6}, "exif-rotated", "EXIF orientation 6"),
        ({"width": 9000, "height": 6000}, "huge-photos", "9000×6000, 0.0 MB"),
        ({"file_bytes": 30 * 2**20}, "huge-photos", "400×300, 30.0 MB"),
        ({"width": 40, "height": 31}, "tiny-photos", "40×31"),
        ({"width": 300, "height": 223}, "small-photos", "300×223"),
        ({"width": 1500, "height": 300}, "odd-aspect", "1500×300"),
        ({"width": 300, "height": 1000}, "odd-aspect", "300×1000"),
    ],
)
def test_one_odd_photo_is_named_for_what_is_odd(facts, code, note):
    findings = found(**facts)
    assert list(findings) == [code]
    assert findings[code].rows.tolist() == [3]
    assert findings[code].notes == (note,)
    assert 0 < findings[code].score <= 0.35


@pytest.mark.parametrize(
    "facts", [{"mode": b"L"}, {"width": 224, "height": 224}, {"width": 800, "height": 300}, {"format": b""}]
)
def test_usual_photos_are_left_alone(facts):
    assert found(**facts) == {}


def test_names_without_a_known_suffix_are_not_wrong():
    paths = [f"a/{at:03}{suffix}" for at, suffix in zip(range(M), [".JPG", ".jpeg", ".42", ""] * 10, strict=True)]
    assert found(paths) == {}
    assert found(paths, format=b"PNG") == {}
    paths[3] = "a/003.JFIF"
    assert found(paths, format=b"PNG")["wrong-extension"].notes == ("PNG under the name .jfif",)


def test_every_suffix_that_sources_list_belongs_to_a_format():
    assert set(_FORMAT_OF) == set(IMAGE_SUFFIXES)


def test_rows_count_the_unreadable_photos_too():
    findings = found(failures={0: "x: the file is empty", 1: "y: the file is empty"}, orientation=3)
    assert findings["exif-rotated"].rows.tolist() == [5]


def test_what_most_photos_have_is_said_in_one_line():
    pixels = plain_pixels(M)
    pixels["facts"]["width"], pixels["facts"]["height"] = 28, 28
    (finding,) = check(evidence([0, 1] * 20, pixels=pixels))
    assert finding.code == "tiny-photos"
    assert "40 photos" in finding.title
    assert len(finding.rows) == 0
    assert finding.values == {"share": 1.0, "listed": False}


def test_the_oddest_shape_comes_first_and_a_set_of_panoramas_is_not_odd():
    pixels = plain_pixels(M)
    pixels["facts"]["width"][:2] = [1200, 2400]
    (finding,) = check(evidence([0, 1] * 20, pixels=pixels))
    assert finding.rows.tolist() == [1, 0]
    pixels["facts"]["width"] = 1200
    assert list(check(evidence([0, 1] * 20, pixels=pixels))) == []


def test_no_readable_photo_gives_no_finding():
    assert list(check(evidence([0], failures={0: "x: the file is empty"}))) == []
