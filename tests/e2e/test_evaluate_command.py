"""What `foveal evaluate` measures besides the usual figures, through the real command line."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_batch import Answer, run_batch
from PIL import Image

import foveal


@pytest.fixture(scope="module")
def place(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`photos/`, of which those with an even number say that a Nikon took them; `by_site.csv`, which names all of them
    and a site; `odd.csv`, the same under other names of columns; and `named.csv`, which names the files without labels.
    """
    root = tmp_path_factory.mktemp("evaluate")
    shutil.copytree(photos, root / "photos")
    exif = Image.Exif()
    exif[271], exif[272] = "Nikon", "D5"
    rows = []
    for number, path in enumerate(sorted((root / "photos").rglob("*.jpg"))):
        if number % 2 == 0:
            with Image.open(path) as image:
                image.load()
            image.save(path, quality=95, exif=exif)
        site = ("north", "south", "")[number % 3]
        rows.append((str(path.relative_to(root)), path.parent.name, site, "x"))
    for name, header in (
        ("by_site.csv", ("path", "label", "site", "camera")),
        ("odd.csv", ("foto", "what", "site", "z")),
    ):
        with (root / name).open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    with (root / "named.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "site"), *((row[0], row[2]) for row in rows)])
    return root


@pytest.fixture(scope="module")
def answers(place: Path, model: Path) -> dict[str, Answer]:
    """What was said, by what was asked."""
    photos, table = place / "photos", place / "by_site.csv"
    asked = {
        "table": [table, "--slices", "site,folder, light ,camera"],
        "other names": [place / "odd.csv", "--columns", "path=foto,label=what", "--slices", "site"],
        "beside": [photos, "--slices", "site", "--slices-from", place / "named.csv"],
        "facts": [photos, "--slices", "camera,month,size,shape,format,light,sharpness,folder"],
        "plain": [photos, "--coverage", "0.8", "--max-error", "0.2"],
    }
    found = run_batch(*[["evaluate", model, *map(str, more), "--json"] for more in asked.values()])
    return dict(zip(asked, found, strict=True))


def _slices(answer: Answer) -> dict[str, dict[str, dict[str, Any]]]:
    """By column and value."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for each in answer.json()["evaluation"]["slices"]:
        found.setdefault(each["column"], {})[each["value"]] = each
    return found


def test_slices_of_a_table(answers: dict[str, Answer]) -> None:
    found = _slices(answers["table"])
    assert list(found) == ["site", "folder", "light", "camera"]
    assert {value: each["photos"] for value, each in found["site"].items()} == {
        "north": 12,
        "south": 12,
        "not said": 12,
    }
    assert set(found["folder"]) == {"photos/circle", "photos/square", "photos/stripes"}
    assert list(found["camera"]) == ["x"]  # what the table says goes before what the photos say
    assert all(each["verdict"] == "too few" for each in found["site"].values())
    assert sum(each["photos"] for each in found["light"].values()) == 36


@pytest.mark.parametrize("which", ["other names", "beside"])
def test_the_same_sites_however_the_table_names_its_photos(answers: dict[str, Answer], which: str) -> None:
    assert _slices(answers[which])["site"] == _slices(answers["table"])["site"]


def test_slices_by_what_is_known_of_any_photo(answers: dict[str, Answer]) -> None:
    found = _slices(answers["facts"])
    assert set(found) == {"camera", "month", "size", "shape", "format", "light", "sharpness", "folder"}
    assert {value: each["photos"] for value, each in found["camera"].items()} == {"Nikon D5": 18, "not said": 18}
    assert list(found["format"]) == ["JPEG"]
    assert list(found["month"]) == ["not said"]
    for column in found.values():
        assert sum(each["photos"] for each in column.values()) == 36


def test_other_sections_are_there_only_where_asked_for(answers: dict[str, Answer]) -> None:
    figures = answers["plain"].json()["evaluation"]
    assert [figures[name] for name in ("slices", "robustness", "speed", "hierarchy")] == [None] * 4
    assert figures["trust"]["sets"]["asked"] == 0.8
    assert figures["trust"]["abstention"]["asked"] == 0.2
    assert answers["table"].json()["evaluation"]["trust"]["sets"]["asked"] == 0.95


def test_what_cannot_be_sliced_is_refused(place: Path, model: Path, tmp_path: Path) -> None:
    photos, table = place / "photos", place / "by_site.csv"
    (tmp_path / "other.csv").write_text("path,site\nholiday/beach.jpg,north\n")
    cases = {
        "no-columns": [photos, "--slices", "site"],
        "slices-mismatch": [photos, "--slices", "site", "--slices-from", tmp_path / "other.csv"],
        "not-found": [photos, "--slices", "site", "--slices-from", tmp_path / "none.csv"],
        "unknown-name": [table, "--slices", "sitte"],
    }
    near, *found = run_batch(
        ["evaluate", model, photos, "--slices", "camra"], *[["evaluate", model, *more] for more in cases.values()]
    )
    near.refused("no-columns", "did you mean camera?")
    for code, answer in zip(cases, found, strict=True):
        answer.refused(code)
    assert "did you mean site" in found[-1].err


@pytest.mark.parametrize(
    "more", [["--coverage", "0.2"], ["--coverage", "0.9999"], ["--coverage", "nan"], ["--max-error", "1"]]
)
def test_shares_out_of_range_are_refused_before_the_work(place: Path, model: Path, more: list[str]) -> None:
    (answer,) = run_batch(["evaluate", model, place / "photos", *more])
    answer.refused("bad-option", "expected", "got")


def test_a_page_is_written_and_never_over_something_else(place: Path, model: Path, tmp_path: Path) -> None:
    page, other = tmp_path / "pages" / "e.html", tmp_path / "notes.html"
    other.write_text("my notes")
    photos = place / "photos"
    first, again, refused, folder = run_batch(
        ["evaluate", model, photos, "--slices", "camera", "--html", page],
        ["evaluate", model, photos, "--html", page, "--quiet"],
        ["evaluate", model, photos, "--html", other],
        ["evaluate", model, photos, "--html", tmp_path],
    )
    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert str(page) in first.err
    assert again.err == ""
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    refused.refused("bad-option", "--html", "something else")
    folder.refused("bad-option", "--html")
    assert other.read_text() == "my notes"


def test_robustness_and_speed_are_measured_where_asked_for(place: Path, model: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    for name in ("circle", "square", "stripes"):
        (few / name).mkdir(parents=True)
        shutil.copy(place / "photos" / name / "00.jpg", few / name)
    as_json, text = run_batch(
        ["evaluate", model, few, "--robustness", "--json"], ["evaluate", model, few, "--speed", "--slices", "camera"]
    )
    figures = as_json.json()["evaluation"]["robustness"]
    assert figures["photos"] == 3
    assert len(figures["corruptions"]) == 15
    assert all(len(each["strengths"]) == 5 for each in figures["corruptions"])
    assert figures["camera_faults"]
    assert figures["clean"]["accuracy"] == as_json.json()["evaluation"]["accuracy"]
    assert text.code == 0, text.err
    for words in ("95% sets", "slice", "camera: ", "first answer of a new process"):
        assert words in text.out


def test_evaluating_from_python_is_the_same(place: Path, model: Path, answers: dict[str, Answer]) -> None:
    figures = foveal.evaluate(model, place / "by_site.csv", slices=["site"])
    assert isinstance(figures, foveal.Evaluation)
    assert figures.slices == answers["table"].json()["evaluation"]["slices"][:3]
    beside = foveal.evaluate(model, place / "photos", slices=["site"], slices_from=place / "named.csv")
    assert isinstance(beside, foveal.Evaluation)
    assert beside.slices == figures.slices


def test_a_classifier_measures_on_the_test_part_alone(place: Path, model: Path, tmp_path: Path) -> None:
    for part, count in (("train", 5), ("test", 2)):
        for name in ("circle", "square"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(count):
                shutil.copy(place / "photos" / name / f"{number:02d}.jpg", tmp_path / part / name)
    assert foveal.load(model).evaluate(tmp_path).photos == 4
    assert foveal.evaluate(model, tmp_path).photos == 4
    assert foveal.load(model).evaluate(tmp_path / "train").photos == 10
