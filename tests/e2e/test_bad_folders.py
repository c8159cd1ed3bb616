"""Folders that cannot be learnt from are refused before any photo is decoded; odd ones are read and spoken of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cli_batch import run_batch
from trees import contents, two_classes


def test_folders_that_cannot_be_learnt_from(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "m.foveal"
    source = photos / "circle" / "00.jpg"
    places = {name: tmp_path / name for name in ("empty", "one", "single", "files", "case", "loose")}
    for place in places.values():
        place.mkdir()
    shutil.copytree(photos / "circle", places["one"] / "circle")
    two_classes(photos, places["single"] / "t")
    single = places["single"] / "t"
    (single / "lonely").mkdir()
    shutil.copy(source, single / "lonely")
    (places["files"] / "notes.txt").write_text("none")
    for name in ("Cat", "cat"):
        shutil.copytree(photos / "circle", places["case"] / name)
    shutil.copy(source, places["loose"])
    near = photos.with_name("photo")
    expected: dict[Path, tuple[str, ...]] = {
        places["empty"]: ("no-photos", "no files", "cat/"),
        near: ("not-found", "did you mean", str(photos)),
        places["one"]: ("one-class", "'circle'"),
        single: ("too-few-photos", "lonely"),
        places["files"]: ("no-photos", "notes.txt"),
        places["case"]: ("class-case", "'Cat'", "'cat'"),
        places["loose"]: ("one-class", "outside class folders"),
        source: ("not-a-folder", "00.jpg"),
    }
    before = contents(tmp_path)
    answers = run_batch(*[["fit", place, "--out", out] for place in expected])
    for answer, (code, *words) in zip(answers, expected.values(), strict=True):
        answer.refused(code, *words)
    assert contents(tmp_path) == before
    assert not out.parent.exists()


def test_an_earlier_model_survives_a_refusal(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.foveal"
    tree = two_classes(photos, tmp_path / "tree")
    (tmp_path / "empty").mkdir()
    (fitted,) = run_batch(["fit", tree, "--out", out])
    assert fitted.code == 0
    before = contents(tmp_path)
    (refused,) = run_batch(["fit", tmp_path / "empty", "--out", out])
    refused.refused("no-photos", "empty")
    assert contents(tmp_path) == before


def test_loops_of_links_are_walked_once(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    (tree / "circle" / "loop").symlink_to(tree, target_is_directory=True)
    (tree / "square" / "self").symlink_to(tree / "square", target_is_directory=True)
    (tree / "square" / "gone.jpg").symlink_to(tmp_path / "nothing")
    fitted, text = run_batch(
        ["fit", tree, "--out", tmp_path / "m.foveal", "--json"], ["fit", tree, "--out", tmp_path / "m.foveal"]
    )
    said = fitted.json()
    assert said["data"]["classes"] == {"circle": 4, "square": 4}
    codes = {each["code"]: each["severity"] for each in said["findings"]}
    assert codes == {"symlink-loop": "warning", "broken-link": "error"}
    assert "error: links that lead nowhere" in text.err
    assert "warning: links back to a folder" in text.err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_no_permission(photos: Path, model: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    locked = tmp_path / "locked"
    shutil.copytree(photos / "circle", locked)
    shutil.copytree(photos / "stripes", tree / "stripes")
    (tree / "circle" / "00.jpg").chmod(0)
    (tree / "stripes").chmod(0)
    locked.chmod(0o500)
    try:
        fitted, out = run_batch(
            ["fit", tree, "--out", tmp_path / "m.foveal", "--json"], ["fit", tree, "--out", locked / "m.foveal"]
        )
        locked.chmod(0)
        (refused,) = run_batch(["predict", model, locked])
    finally:
        locked.chmod(0o700)
        (tree / "stripes").chmod(0o700)
    said = fitted.json()
    assert said["data"]["classes"] == {"circle": 3, "square": 4}
    assert {each["code"] for each in said["findings"]} >= {"no-permission", "unreadable"}
    out.refused("cannot-write", "locked")
    refused.refused("no-permission", "locked")


def test_photos_to_measure_on_must_be_of_known_classes(photos: Path, model: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    other = tmp_path / "other"
    shutil.copytree(photos / "circle", other / "circle")
    shutil.copytree(photos / "square", other / "hexagon")
    empty = tmp_path / "empty"
    empty.mkdir()
    unknown, at_once, nothing, missing = run_batch(
        ["evaluate", model, other],
        ["fit", tree, "--test", other, "--out", tmp_path / "m.foveal"],
        ["evaluate", model, empty],
        ["fit", tree, "--test", tmp_path / "othe", "--out", tmp_path / "m.foveal"],
    )
    unknown.refused("class-mismatch", "hexagon", "circle, square, stripes")
    at_once.refused("class-mismatch", "hexagon")
    nothing.refused("no-photos", "empty")
    missing.refused("not-found", "other?")
    assert not (tmp_path / "m.foveal").exists()


def test_several_missing_names_are_all_named(photos: Path, model: Path, tmp_path: Path) -> None:
    (answer,) = run_batch(["predict", model, photos / "circle", tmp_path / "a.jpg", tmp_path / "b.jpg"])
    answer.refused("not-found", "a.jpg", "b.jpg")
