"""`foveal check` and `foveal split`: faults are found, decisions are carried out, and no photo is ever touched."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_batch import Answer, run_batch
from json_doc import DOC, differences, documented
from planted_photos import IN_TWO_CLASSES, LEAK, UNREADABLE, write_planted
from trees import contents, left_overs, two_classes

import foveal

EXACT = ("--runtime", "openvino", "--precision", "f32")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_planted(tmp_path_factory.mktemp("planted") / "photos")


@pytest.fixture(scope="module")
def checked(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Answer]]:
    """A check in every way of saying it, and the folder of its files."""
    place = tmp_path_factory.mktemp("checked")
    before = contents(planted)
    commands = {
        "text": ["--html", place / "check.html", "--quarantine", place / "quarantine.csv"],
        "json": ["--json"],
        "quiet": ["--quiet"],
    }
    answers = run_batch(*[["check", planted, *EXACT, *options] for options in commands.values()])
    assert contents(planted) == before
    assert left_overs(place, planted) == []
    return place, dict(zip(commands, answers, strict=True))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def edit(source: Path, target: Path, **actions: str) -> Path:
    """What a person makes of a quarantine file: other actions for some findings."""
    given = rows(source)
    for row in given:
        row["action"] = actions.get(row["finding"].replace("-", "_"), row["action"])
    with target.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(given[0]))
        writer.writeheader()
        writer.writerows(given)
    return target


def test_text_has_a_line_for_every_finding(checked: tuple[Path, dict[str, Answer]]) -> None:
    place, answers = checked
    text, quiet, values = answers["text"], answers["quiet"], answers["json"].json()
    assert text.code == 0, text.err
    assert quiet.out == text.out
    assert quiet.err == ""
    lines = text.out.splitlines()
    assert lines[0].startswith("76 photos, 3 classes, 75 readable; out of fold ")
    assert [line.split()[1] for line in lines[1:]] == [finding["code"] for finding in values["findings"]]
    assert str(place / "check.html") in text.err
    assert "time" in text.err


def test_json_names_the_photos(checked: tuple[Path, dict[str, Answer]]) -> None:
    values = checked[1]["json"].json()
    scores = [finding["score"] for finding in values["findings"]]
    assert scores == sorted(scores, reverse=True)
    found = {finding["code"]: [photo["path"] for photo in finding["photos"]] for finding in values["findings"]}
    assert LEAK in found["leak"]
    assert set(IN_TWO_CLASSES) & set(found["duplicates-across-classes"])
    assert sum(UNREADABLE in paths for paths in found.values()) == 1
    assert all(finding["count"] == len(finding["photos"]) for finding in values["findings"])


@pytest.mark.skipif("## `foveal check`" not in DOC.read_text(encoding="utf-8"), reason="docs/json.md has no such part")
def test_json_has_the_documented_keys(checked: tuple[Path, dict[str, Answer]]) -> None:
    assert differences(checked[1]["json"].json(), documented("foveal check")) == []


def test_the_page_needs_nothing_else(checked: tuple[Path, dict[str, Answer]], planted: Path) -> None:
    page = (checked[0] / "check.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    addresses = re.findall(r'(?:src|href|xmlns)="([^"]*)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith(("data:image/", "data:,", "#", "../")), address[:60]
    assert "http" not in re.sub(r"data:image/[^\"]*|http-equiv=", "", page)
    assert "<script" not in page
    for code in {finding["code"] for finding in checked[1]["json"].json()["findings"]}:
        assert f"<code>{code}</code>" in page
    linked = [(checked[0] / address).resolve() for address in addresses if address.startswith("../")]
    assert all(path.is_file() and planted in path.parents for path in linked)
    assert Path(planted / LEAK).resolve() in linked


def test_every_photo_stands_once_in_the_quarantine(checked: tuple[Path, dict[str, Answer]], planted: Path) -> None:
    there = rows(checked[0] / "quarantine.csv")
    paths = [row["path"] for row in there]
    assert len(paths) == len(set(paths))
    assert all((planted / path).is_file() for path in paths)
    actions = {row["path"]: row["action"] for row in there}
    assert (actions[LEAK], actions[UNREADABLE]) == ("exclude", "exclude")
    assert sum(actions.get(path) == "exclude" for path in IN_TWO_CLASSES) == 1
    assert all(row["new_label"] for row in there if row["action"] == "relabel")


def test_decisions_are_applied_and_recorded(
    checked: tuple[Path, dict[str, Answer]], planted: Path, tmp_path: Path
) -> None:
    edited = edit(checked[0] / "quarantine.csv", tmp_path / "edited.csv", wrong_labels="relabel")
    before = contents(planted)
    model = tmp_path / "m.foveal"
    again, fitted, text = run_batch(
        ["check", planted, *EXACT, "--apply", edited, "--json"],
        ["fit", planted, *EXACT, "--exclude", edited, "--relabel", edited, "--out", model, "--json"],
        ["check", planted, *EXACT, "--exclude", edited],
    )
    values = again.json()
    decided = rows(edited)
    excluded = sum(row["action"] == "exclude" for row in decided)
    relabelled = sum(row["action"] == "relabel" for row in decided)
    assert (values["edits"]["excluded"], values["edits"]["relabelled"]) == (excluded, relabelled)
    assert values["photos"] == 76 - excluded
    assert not {"leak", "duplicates-across-classes"} & {finding["code"] for finding in values["findings"]}
    edits = fitted.json()["data"]["edits"]
    assert edits == foveal.load(model).record["data"]["edits"]
    assert edits["excluded"] == excluded
    assert edits["files"][0]["name"] == "edited.csv"
    assert "unreadable" not in {finding["code"] for finding in fitted.json()["findings"]}
    assert text.code == 0, text.err
    assert contents(planted) == before


def test_a_split_is_kept_and_used_again(planted: Path, tmp_path: Path) -> None:
    file = tmp_path / "split.csv"
    before = contents(planted)
    done, fitted, direct, quiet = run_batch(
        ["split", planted, "--out", file, "--json"],
        ["fit", planted, *EXACT, "--split", file, "--out", tmp_path / "a.foveal", "--json"],
        ["fit", planted, *EXACT, "--split", "none", "--out", tmp_path / "b.foveal", "--json"],
        ["split", planted, "--out", tmp_path / "three.csv", "--by", "group,duplicates", "--folds", "3", "--quiet"],
    )
    values = done.json()
    assert values["split"] == str(file)
    assert sum(values["folds"]) == values["photos"] == len(rows(file))
    assert {row["fold"] for row in rows(file)} == {str(fold) for fold in range(len(values["folds"]))}
    assert fitted.json()["split"]["by"] == "file"
    assert fitted.json()["split"]["folds"] == len(values["folds"])
    assert direct.json()["split"]["by"] == "none"
    assert quiet.err == ""
    assert "in 3 folds" in quiet.out
    assert contents(planted) == before
    if "## `foveal split`" in DOC.read_text(encoding="utf-8"):
        assert differences(values, documented("foveal split")) == []


def test_unlabelled_photos_single_photos_and_archives(photos: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for photo in sorted((photos / "circle").iterdir())[:4]:
        shutil.copy(photo, flat)
    shutil.copy(flat / "00.jpg", flat / "copy.jpg")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", two_classes(photos, tmp_path / "tree"))
    empty = tmp_path / "empty"
    empty.mkdir()
    loose, single, packed, nothing = run_batch(
        ["check", flat, "--json"],
        ["check", flat / "00.jpg", "--html", tmp_path / "one.html"],
        ["check", archive, "--html", tmp_path / "packed.html", "--json"],
        ["check", empty],
    )
    values = loose.json()
    assert (values["photos"], values["classes"], values["evaluation"], values["split"]) == (5, {}, None, {})
    assert single.code == 0, single.err
    assert single.out.startswith("1 photo, no classes")
    assert packed.json()["photos"] == 8
    assert (tmp_path / "packed.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    nothing.refused("no-photos", "empty")


def test_wrong_options_are_refused_before_any_work(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "bad.csv").write_text("file,what\n")
    before = contents(tmp_path)
    new = tmp_path / "new.csv"
    cases: list[tuple[list[str | Path], tuple[str, ...]]] = [
        (["check", tree, "--html", tmp_path], ("bad-option", "--html")),
        (["check", tree, "--quarantine", tree / "circle/00.jpg"], ("bad-option", "--quarantine", "00.jpg")),
        (["check", tree, "--html", tmp_path / "notes.txt"], ("bad-option", "--html", "notes.txt")),
        (["check", tree, "--html", tmp_path / "notes.txt" / "x.html"], ("cannot-write", "notes.txt")),
        (["check", tree, "--html", new, "--quarantine", new], ("bad-option", "--html and --quarantine")),
        (["check", tree, "--apply", new, "--exclude", new], ("bad-option", "--apply")),
        (["check", tree, "--apply", tmp_path / "gone.csv"], ("not-found", "gone.csv")),
        (["check", tree, "--apply", tmp_path / "bad.csv"], ("bad-edits", "bad.csv")),
        (["check", tree, "--split", "gruop"], ("unknown-name", "gruop", "did you mean", "group")),
        (["check", tree, "--split", tmp_path / "notes.txt"], ("split-damaged", "notes.txt")),
        (["check", tree, "--source", "foldr"], ("unknown-name", "foldr", "folder")),
        (["check", tree, "--columns", "label"], ("bad-option", "--columns")),
        (["check", tree, "--runtime", "openvno"], ("unknown-name", "openvino")),
        (["check", tmp_path / "nowhere"], ("not-found", "nowhere")),
        (["split", tree, "--out", tree / "circle/00.jpg"], ("bad-option", "--out", "00.jpg")),
        (["split", tree, "--out", new, "--by", "tiem"], ("unknown-name", "tiem", "time")),
        (["split", tree, "--out", new, "--folds", "1"], ("bad-option", "--folds", "2 to 127")),
        (["split", tree / "circle", "--out", new], ("one-class", "circle")),
        (["convert", tree / "circle", "--to", "csv", "--out", tmp_path / "c"], ("one-class", "--unlabelled")),
    ]
    answers = run_batch(*[command for command, _ in cases])
    for answer, (_, words) in zip(answers, cases, strict=True):
        answer.refused(*words)
    assert contents(tmp_path) == before
    missing, unknown = run_batch(["split", tree], ["check", tree, "--jsn"])
    assert (missing.code, unknown.code) == (2, 2)


def test_what_foveal_wrote_may_be_written_again(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    command = ["check", tree, "--html", tmp_path / "c.html", "--quarantine", tmp_path / "q.csv", "--quiet"]
    split = ["split", tree, "--out", tmp_path / "s.csv", "--quiet"]
    for answer in run_batch(command, split, command, split):
        assert answer.code == 0, answer.err
    assert left_overs(tmp_path) == []


def test_names_that_are_hard_to_write(photos: Path, tmp_path: Path) -> None:
    """Line breaks, markup and bytes that are no text, in the names of photos and of a class."""
    tree = two_classes(photos, tmp_path / "tree")
    odd = tree / "<i>&"
    odd.mkdir()
    for number, photo in enumerate(sorted((photos / "stripes").iterdir())[:3]):
        shutil.copy(photo, odd / ('a\nb,"c.jpg', "caf\udce9.jpg", "<script>.jpg")[number])
    shutil.copy(tree / "circle" / "00.jpg", odd / "copy \udcff.jpg")
    before = contents(tree)
    files = ["--html", tmp_path / "c.html", "--quarantine", tmp_path / "q.csv"]
    first, again = run_batch(
        ["check", tree, *files, "--json"], ["check", tree, "--apply", tmp_path / "q.csv", "--json"]
    )
    assert first.json()["photos"] == 12
    assert again.json()["photos"] == 12 - again.json()["edits"]["excluded"]
    assert again.json()["edits"]["excluded"] >= 1
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<i>" not in page
    assert contents(tree) == before
    assert np.all([finding["count"] >= 0 for finding in first.json()["findings"]])
