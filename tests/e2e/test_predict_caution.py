"""Sets, thresholds, groups and `unknown` through the real command line."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_batch import run_batch
from PIL import Image

EXACT = ("--runtime", "openvino", "--precision", "f32")
NAMES = ("ab/a", "ab/b", "cd/c", "cd/d", "e")


@pytest.fixture(scope="module")
def place(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`nested/`: the drawn photos in classes of two levels that have nothing to do with what they show; `strange/`:
    a black photo, a white one and one that cannot be read; `n.foveal`, fitted on the first; `fit.json`.
    """
    root = tmp_path_factory.mktemp("caution")
    rng = np.random.default_rng(0)
    for number, photo in enumerate(sorted(photos.rglob("*.jpg"))):
        folder = root / "nested" / NAMES[rng.integers(5)]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, folder / f"{number}.jpg")
    (root / "strange").mkdir()
    (root / "strange" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    for name, grey in (("black", 0), ("white", 255)):
        Image.fromarray(np.full((300, 300, 3), grey, np.uint8)).save(root / "strange" / f"{name}.png")
    fit = ["fit", root / "nested", "--classes", "nested", "--out", root / "n.foveal", *EXACT, "--json"]
    (fitted,) = run_batch(fit)
    assert fitted.code == 0, fitted.err
    (root / "fit.json").write_text(fitted.out)
    return root


@pytest.fixture(scope="module")
def said(place: Path, photos: Path) -> dict[str, list[dict[str, Any]]]:
    """Records of the photos, by what was asked."""
    asked = {
        "nothing": [],
        "never": ["--unknown", "never"],
        "sets": ["--coverage", "0.8"],
        "fewer": ["--coverage", "0.6"],
        "sure": ["--sure", "0.38"],
        "error": ["--max-error", "0.02"],
        "both": ["--coverage", "0.8", "--sure", "0.38"],
    }
    where = place / "n.foveal", photos, place / "strange"
    answers = run_batch(*[["predict", *where, "--top", "5", "--json", *more] for more in asked.values()])
    return {name: answer.json()["photos"] for name, answer in zip(asked, answers, strict=True)}


def test_what_is_like_nothing_learnt_is_unknown_unasked(said: dict[str, list[dict[str, Any]]]) -> None:
    records = {Path(record["path"]).name: record for record in said["nothing"][-3:]}
    for name in ("black.png", "white.png"):
        assert records[name]["answer"] == "unknown"
        assert "learnt" in records[name]["reason"]
        assert records[name]["label"] in NAMES
    broken = records["broken.jpg"]
    assert (broken["answer"], broken["reason"], broken["label"]) == (None, None, None)
    usual = said["nothing"][:-3]
    assert all(record["answer"] == record["label"] and record["reason"] is None for record in usual)


def test_never_asks_no_gate_and_changes_no_probability(said: dict[str, list[dict[str, Any]]]) -> None:
    for plain, never in zip(said["nothing"], said["never"], strict=True):
        assert never == {key: value for key, value in plain.items() if key not in ("answer", "reason")}


def test_sets_hold_the_answer_and_grow_with_coverage(said: dict[str, list[dict[str, Any]]]) -> None:
    for record, smaller in zip(said["sets"], said["fewer"], strict=True):
        if record["error"]:
            assert record["set"] == smaller["set"] == []
            continue
        probs = [each["prob"] for each in record["set"]]
        assert probs == sorted(probs, reverse=True)
        assert record["set"] == record["top"][: len(probs)]
        assert smaller["set"] == record["set"][: len(smaller["set"])]
        assert smaller["set"]
    sizes = {len(record["set"]) for record in said["sets"] if not record["error"]}
    assert max(sizes) > 1


def test_sure_backs_off_to_a_group_where_one_is_sure(said: dict[str, list[dict[str, Any]]]) -> None:
    groups = {name.split("/")[0] for name in NAMES if "/" in name}
    answers = set()
    for record in said["sure"][:-3]:
        mass = dict.fromkeys(groups, 0.0)
        for each in record["top"]:
            group, slash, _ = each["label"].partition("/")
            if slash:
                mass[group] += each["prob"]
        answers.add(record["answer"])
        if record["confidence"] >= 0.38:
            assert (record["answer"], record["reason"]) == (record["label"], None)
        elif record["answer"] in groups:
            assert mass[record["answer"]] >= 0.38 - 1e-5
            assert record["reason"].startswith("not sure enough: ")
        else:
            assert record["answer"] == "unknown"
    assert answers & groups


def test_errors_that_cannot_be_promised_answer_nothing(said: dict[str, list[dict[str, Any]]]) -> None:
    assert all(record["answer"] == "unknown" for record in said["error"][:-3])
    assert "no confidence keeps so few errors" in said["error"][0]["reason"]


def test_a_photo_is_answered_alike_alone_and_in_company(
    place: Path, photos: Path, said: dict[str, list[dict[str, Any]]]
) -> None:
    some = [*sorted(photos.rglob("*.jpg"))[::6], place / "strange" / "black.png"]
    more = ("--coverage", "0.8", "--sure", "0.38", "--top", "5", "--json")
    records = {record["path"]: record for record in said["both"]}
    *alone, turned = run_batch(
        *[["predict", place / "n.foveal", photo, *more] for photo in some],
        ["predict", place / "n.foveal", *reversed(some), *more, "--no-cache"],
    )
    for answer in (*alone, turned):
        for record in answer.json()["photos"]:
            assert record == records[record["path"]]


def test_text_and_csv(place: Path, photos: Path) -> None:
    model, strange = place / "n.foveal", place / "strange"
    text, as_csv, plain, sets, none = run_batch(
        ["predict", model, strange, "--sure", "0.38"],
        ["predict", model, strange, photos / "circle", "--coverage", "0.8", "--csv"],
        ["predict", model, strange / "white.png", "--csv", "--unknown", "never"],
        ["predict", model, photos / "circle" / "00.jpg", "--coverage", "0.8"],
        ["predict", model, strange / "broken.jpg", "--csv"],
    )
    assert len(text.out.splitlines()) == 2
    assert all("  unknown (" in line and "best guess" in line for line in text.out.splitlines())
    assert text.err.count("broken.jpg") == 1
    rows = list(csv.reader(io.StringIO(as_csv.out)))
    assert rows[0] == ["path", "label_1", "prob_1", "error", "answer", "reason", "set"]
    assert {len(row) for row in rows} == {7}
    by_name = {Path(row[0]).name: row for row in rows[1:]}
    assert by_name["broken.jpg"][4:] == ["", "", ""]
    assert by_name["black.png"][4] == "unknown"
    assert all(set(row[6].split("|")) <= set(NAMES) for name, row in by_name.items() if name != "broken.jpg")
    assert plain.out.splitlines()[0] == "path,label_1,prob_1,error"
    assert sets.out.count("%") > 1
    # The columns do not depend on whether any photo could be read.
    assert none.code == 1
    assert none.out.splitlines()[0] == "path,label_1,prob_1,error,answer,reason"


def test_nonsense_is_refused(place: Path, photos: Path) -> None:
    photo, model = photos / "circle" / "00.jpg", place / "n.foveal"
    asked = [
        ["--coverage", "0"],
        ["--coverage", "1"],
        ["--coverage", "95"],
        ["--coverage", "nan"],
        ["--coverage", "0.3"],
        ["--coverage", "0.99"],  # more than 36 photos can promise
        ["--max-error", "0"],
        ["--max-error", "-0.1"],
        ["--sure", "1"],
        ["--sure", "0.9", "--max-error", "0.1"],
        ["--unknown", "maybe"],
    ]
    for answer in run_batch(*[["predict", model, photo, *more] for more in asked]):
        answer.refused("bad-option", "expected", "got")


def test_of_the_thousand_classes_a_group_is_answered_and_no_set(photos: Path) -> None:
    backed_off, sets, error = run_batch(
        ["predict", "imagenet", photos / "circle", "--sure", "0.5", "--json"],
        ["predict", "imagenet", photos / "circle", "--coverage", "0.9"],
        ["predict", "imagenet", photos / "circle", "--max-error", "0.1"],
    )
    records = backed_off.json()["photos"]
    groups = {record["answer"] for record in records if record["reason"]} - {"unknown"}
    assert groups
    assert all(record["answer"] == record["label"] for record in records if not record["reason"])
    for answer in (sets, error):
        answer.refused("not-calibrated", "--sure")
