"""Photos that cannot be read or contradict themselves are named, counted and left out; the run goes on."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from pathlib import Path

import pytest
from cli_batch import run_batch
from trees import contents, huge_png, left_overs, two_classes

BROKEN = ("cut.jpg", "empty.jpg", "text.jpg", "huge.png")


def _break(photos: Path, folder: Path) -> None:
    whole = (photos / "circle" / "05.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("I am no photo\n")
    huge_png(folder / "huge.png")


def test_broken_photos_among_good_ones(photos: Path, model: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    _break(photos, tree / "circle")
    before = contents(tree)
    out = tmp_path / "m.foveal"
    fitted, text, predicted, plain = run_batch(
        ["fit", tree, "--out", out, "--json"],
        ["fit", tree, "--out", out],
        ["predict", model, tree / "circle", "--json"],
        ["predict", model, tree / "circle"],
    )
    said = fitted.json()
    assert said["data"]["classes"] == {"circle": 4, "square": 4}
    reasons = {each["paths"][0]: each["message"] for each in said["findings"]}
    assert set(reasons) == {f"circle/{name}" for name in BROKEN}
    assert "cut short" in reasons["circle/cut.jpg"]
    assert "empty" in reasons["circle/empty.jpg"]
    assert "30000×30000" in reasons["circle/huge.png"]
    assert text.code == 0
    assert "4 × unreadable" in text.err
    assert all(f"circle/{name}" in text.err for name in BROKEN)
    failed = {Path(each["path"]).name: each["error"] for each in predicted.json()["photos"] if each["error"]}
    assert set(failed) == set(BROKEN)
    assert len(plain.out.splitlines()) == 4
    assert len(plain.err.splitlines()) == 4
    assert all(line.startswith("error: ") for line in plain.err.splitlines())
    assert contents(tree) == before
    report = (tmp_path / "m.report.html").read_text(encoding="utf-8")
    assert all(f"circle/{name}" in report for name in BROKEN)


def test_nothing_but_broken_photos(photos: Path, model: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree")
    bad = tmp_path / "bad"
    bad.mkdir()
    _break(photos, bad)
    shutil.copytree(bad, tree / "triangle")
    two = two_classes(photos, tmp_path / "two")
    shutil.rmtree(two / "square")
    shutil.copytree(bad, two / "square")
    both = tmp_path / "both"
    for name in ("one", "two"):
        shutil.copytree(bad, both / name)
    lost, one_left, none, predicted, evaluated, vectors = run_batch(
        ["fit", tree, "--out", tmp_path / "m.foveal", "--json"],
        ["fit", two, "--out", tmp_path / "n.foveal"],
        ["fit", both, "--out", tmp_path / "n.foveal"],
        ["predict", model, bad, "--json"],
        ["evaluate", tmp_path / "m.foveal", both],
        ["embed", bad, "--out", tmp_path / "v.npz"],
    )
    said = lost.json()
    assert list(said["data"]["classes"]) == ["circle", "square"]
    (finding,) = [each for each in said["findings"] if each["code"] == "class-left-out"]
    assert "triangle" in finding["message"]
    one_left.refused("one-class", "two classes", "cut short")
    none.refused("one-class", "got 0")
    assert predicted.code == 1
    assert '"error": "the file is cut short' in predicted.out
    evaluated.refused("class-mismatch", "one, two", "circle, square")
    vectors.refused("no-photos", "cut short")
    assert not (tmp_path / "n.foveal").exists()
    assert not (tmp_path / "v.npz").exists()
    assert not left_overs(tmp_path)


def test_two_good_photos_and_one_broken(photos: Path, model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((photos / "circle" / "00.jpg").read_bytes()[:900])
    (answer,) = run_batch(["predict", model, photos / "circle" / "00.jpg", broken, photos / "square" / "00.jpg"])
    assert answer.code == 0
    assert [line.split()[-1] for line in answer.out.splitlines()] == ["circle", "square"]
    assert answer.err.count("broken.jpg") == 1


def test_the_same_photo_twice(photos: Path, tmp_path: Path) -> None:
    tree = two_classes(photos, tmp_path / "tree", each=5)
    shutil.copy(tree / "circle" / "00.jpg", tree / "square" / "other name.jpg")
    shutil.copy(tree / "circle" / "01.jpg", tree / "circle" / "again.jpg")
    (answer,) = run_batch(["fit", tree, "--out", tmp_path / "m.foveal", "--json"])
    said = answer.json()
    (finding,) = [each for each in said["findings"] if each["code"] == "same-photo-two-classes"]
    assert sorted(finding["paths"]) == ["circle/00.jpg", "square/other name.jpg"]
    # The one that stands twice in its own class is no contradiction, and stays.
    assert said["data"]["classes"] == {"circle": 5, "square": 5}


def test_unusual_names(photos: Path, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems refuse such names themselves")
    tree = two_classes(photos, tmp_path / "tree")
    source = photos / "circle" / "06.jpg"
    decomposed = unicodedata.normalize("NFD", "café")
    cafe = tree / decomposed
    cafe.mkdir()
    longest = "x" * 251 + ".jpg"
    for number, name in enumerate(("😀 ünï.jpg", longest, "two\nlines.jpg", "\x1b[31mred\x1b[0m.jpg")):
        shutil.copy(photos / "stripes" / f"{number:02d}.jpg", cafe / name)
    undecodable = os.fsencode(cafe) + b"/\xe9\xff.jpg"
    shutil.copy(source, undecodable)
    odd = os.fsencode(tree) + b"/odd\xff\x1b[2J"
    os.mkdir(odd)  # noqa: PTH102 (a Path cannot be made of bytes)
    for number in range(6, 12):
        shutil.copy(photos / "stripes" / f"{number:02d}.jpg", odd + f"/{number}.jpg".encode())
    out = tmp_path / "m.foveal"
    fitted, text, predicted, as_json, table, vectors = run_batch(
        ["fit", tree, "--out", out, "--json"],
        ["fit", tree, "--out", out],
        ["predict", out, cafe],
        ["predict", out, cafe, "--json"],
        ["predict", out, cafe, "--csv"],
        ["embed", cafe, "--out", tmp_path / "v.npz"],
    )
    classes = fitted.json()["data"]["classes"]
    assert classes["café"] == 5
    assert classes[r"odd\udcff\x1b[2J"] == 6
    for answer in (text, predicted, as_json, table, vectors):
        assert answer.code == 0, answer.err
        assert "\x1b" not in answer.out + answer.err
        (answer.out + answer.err).encode()
    assert len(predicted.out.splitlines()) == 5
    assert len(table.out.splitlines()) == 6
    assert r"two\nlines.jpg" in predicted.out
    named = {os.fsencode(each["path"]) for each in as_json.json()["photos"]}
    assert undecodable in named
    assert all(Path(os.fsdecode(path)).is_file() for path in named)
    for name in ("m.report.html", "m.card.md", "m.card.json"):
        assert "\x1b" not in (tmp_path / name).read_text(encoding="utf-8")


def test_a_name_cannot_fake_a_line(model: Path, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("other systems refuse such names themselves")
    (tmp_path / "a.jpg\nerror: b.jpg").write_bytes(b"")
    (tmp_path / "c\x1b[1A.jpg").write_bytes(b"")
    predicted, missing = run_batch(["predict", model, tmp_path], ["predict", model, tmp_path / "d\nok\x1b[1A"])
    assert (predicted.code, predicted.out) == (1, "")
    assert len(predicted.err.splitlines()) == 2
    missing.refused("not-found", r"d\nok\x1b[1A")
    assert "\x1b" not in predicted.err + missing.err
