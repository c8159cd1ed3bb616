from __future__ import annotations

import numpy as np
import pytest
from tests.unit.checks.made_evidence import evidence, plain_pixels

from foveal.checks.shortcuts import check
from foveal.types.data_finding import DataFinding

M = 600
CLASSES = 4
LABELS = np.arange(M) % CLASSES
OTHER = LABELS == 2


def varied(seed: int = 0) -> np.ndarray:
    """Pixel rows in which everything varies and nothing depends on the class."""
    random = np.random.default_rng(seed)
    pixels = plain_pixels(M)
    facts, measures = pixels["facts"], pixels["measures"]
    facts["width"], facts["height"] = random.choice([300, 400, 640], M), random.choice([300, 480], M)
    facts["file_bytes"] = random.lognormal(10, 0.4, M)
    facts["format"], facts["quality"] = random.choice([b"JPEG", b"WEBP"], M), random.choice([75, 85, 90], M)
    facts["camera"] = random.choice([b"", b"Acme X200", b"Bolt 7"], M)
    facts["taken"] = random.integers(10**9, 10**9 + 10**7, M)
    measures["colour"], measures["border"] = random.random((M, 3)), random.random((M, 4, 4))
    return pixels


def findings(pixels: np.ndarray, labels=LABELS, **options) -> list[DataFinding]:
    return sorted(check(evidence(labels, pixels=pixels, **options)), key=lambda each: -each.score)


def planted(name: str, photos: np.ndarray, pixels: np.ndarray) -> None:
    facts, measures = pixels["facts"], pixels["measures"]
    count = int(photos.sum())
    if name == "format":
        facts["format"][photos], facts["quality"][photos] = b"PNG", 0
    elif name == "camera":
        facts["camera"][photos] = b"Zed 1"
    elif name == "time":
        facts["taken"][photos] = 2 * 10**9 + np.arange(count)
    elif name == "jpeg-quality":
        facts["quality"][photos] = 60
    elif name == "image-size":
        facts["width"][photos], facts["height"][photos] = 256, 256
    elif name == "border":
        measures["border"][photos] = [0.02, 0.02, 0.02, 0.005]
        measures["border"][photos] += np.random.default_rng(1).random((count, 4, 4)) / 200
    else:
        facts["file_bytes"][photos] *= 10


@pytest.mark.parametrize("seed", range(5))
def test_no_shortcut_gives_no_finding_that_counts(seed):
    assert all(each.score < 0.2 for each in findings(varied(seed)))


@pytest.mark.parametrize("name", ["format", "camera", "time", "jpeg-quality", "image-size", "border"])
def test_what_gives_one_class_away_comes_first(name):
    pixels = varied()
    planted(name, OTHER, pixels)
    first = findings(pixels)[0]
    assert first.code == f"shortcut-{name}"
    assert first.score > 0.9
    assert "class 2" in first.title
    assert [each["class"] for each in first.values["classes"]] == ["class 2"]
    assert set(first.rows.tolist()) == set(np.flatnonzero(OTHER).tolist())
    assert len(first.notes) == len(first.rows)
    assert first.values["chance"] == 1 / CLASSES


def test_a_format_is_not_also_called_a_jpeg_quality():
    pixels = varied()
    planted("format", OTHER, pixels)
    assert "shortcut-jpeg-quality" not in {each.code for each in findings(pixels)}


def test_half_a_class_scores_half():
    pixels = varied()
    half = OTHER & (np.arange(M) < M // 2)
    planted("camera", half, pixels)
    first = findings(pixels)[0]
    assert 0.35 < first.score < 0.55
    assert set(first.rows.tolist()) == set(np.flatnonzero(half).tolist())


def test_what_may_belong_to_the_class_scores_less():
    pixels = varied()
    planted("file-size", OTHER, pixels)
    first = findings(pixels)[0]
    assert first.code == "shortcut-file-size"
    assert 0.4 < first.score <= 0.6
    assert "may be what the class looks like" in first.why


def test_every_class_from_its_own_camera():
    pixels = varied()
    pixels["facts"]["camera"] = np.array([b"A", b"B", b"C", b"D"])[LABELS]
    first = findings(pixels)[0]
    assert first.code == "shortcut-camera"
    assert len(first.rows) == M
    assert first.values["balanced_accuracy"] == 1
    assert len(first.values["classes"]) == CLASSES


def test_a_weak_link_is_told_and_scores_low():
    pixels = varied()
    random = np.random.default_rng(3)
    linked = random.random(M) < 0.4
    pixels["facts"]["camera"] = np.where(
        linked, np.array([b"A", b"B", b"C", b"D"])[LABELS], random.choice(list("ABCD"), M).astype("S1")
    )
    (found,) = [each for each in findings(pixels) if each.code == "shortcut-camera"]
    assert 0.05 < found.score < 0.3
    assert "alone is right for" in found.title
    assert len(found.rows) == 0


def test_two_classes_of_which_one_is_rare():
    labels = (np.arange(M) % 30 == 0).astype(int)
    pixels = varied()
    assert all(each.score < 0.3 for each in findings(pixels, labels))
    planted("border", labels == 1, pixels)
    first = findings(pixels, labels)[0]
    assert first.code == "shortcut-border"
    assert first.score > 0.7


def test_photos_that_are_learnt_from_are_not_judged():
    """Each group has a camera of its own, and no other group can learn from it."""
    groups = np.arange(M) // 20
    labels = groups % CLASSES
    pixels = varied()
    pixels["facts"]["camera"] = np.char.add("cam ", groups.astype(str)).astype("S8")
    assert all(each.code != "shortcut-camera" for each in findings(pixels, labels, groups=groups))


def test_rows_are_those_of_the_dataset_and_test_photos_are_left_out():
    pixels = varied()
    planted("camera", OTHER, pixels)
    parts = np.zeros(M + 2, np.int8)
    parts[2:102] = 2
    labels = np.concatenate([[0, 1], LABELS])
    failures = {0: "a: the file is empty", 1: "b: the file is empty"}
    first = findings(pixels, labels, parts=parts, failures=failures)[0]
    assert set(first.rows.tolist()) == {row + 2 for row in np.flatnonzero(OTHER).tolist() if row + 2 >= 102}


def test_unlabelled_photos_give_no_finding():
    assert findings(varied(), np.full(M, -1)) == []


def test_very_many_photos_are_drawn_from(monkeypatch):
    monkeypatch.setattr("foveal.checks.shortcuts._MOST_CELLS", 300 * CLASSES)
    pixels = varied()
    planted("camera", OTHER, pixels)
    first = findings(pixels)[0]
    assert first.score > 0.9
    assert 50 < len(first.rows) < 100


def test_a_file_size_that_follows_from_the_format_is_not_told_as_well():
    pixels = varied()
    planted("format", OTHER, pixels)
    planted("file-size", OTHER, pixels)
    assert [each.code for each in findings(pixels) if each.score > 0.2] == ["shortcut-format"]
    planted("file-size", LABELS == 1, pixels)
    assert "shortcut-file-size" in {each.code for each in findings(pixels)}
