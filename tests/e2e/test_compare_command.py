"""`foveal compare` through the real command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_batch import run_batch
from drawn_photos import write_labelled_photos

import foveal


@pytest.fixture(scope="module")
def place(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`worse.foveal`, for which squares were called circles; `few.foveal`, which knows no stripes; `several.foveal`, of
    any number of labels; `tested/`, photos of all classes, one of which cannot be read.
    """
    root = tmp_path_factory.mktemp("compare")
    for name, called in (("circle", "square"), ("square", "circle"), ("stripes", "stripes")):
        shutil.copytree(photos / name, root / "swapped" / called)
    for name in ("circle", "square"):
        shutil.copytree(photos / name, root / "two" / name)
    write_labelled_photos(root / "several", photos=30, seed=1)
    shutil.copytree(photos, root / "tested")
    (root / "tested" / "circle" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    for answer in run_batch(
        ["fit", root / "swapped", "--out", root / "worse.foveal", "--quiet"],
        ["fit", root / "two", "--out", root / "few.foveal", "--quiet"],
        ["fit", root / "several" / "labels.csv", "--out", root / "several.foveal", "--quiet"],
    ):
        assert answer.code == 0, answer.err
    return root


def test_the_better_one_is_named_with_the_photos_that_changed(place: Path, model: Path) -> None:
    worse = place / "worse.foveal"
    there, back, text, quiet = run_batch(
        ["compare", worse, model, place / "tested", "--json"],
        ["compare", model, worse, place / "tested", "--json"],
        ["compare", worse, model, place / "tested"],
        ["compare", worse, model, place / "tested", "--quiet"],
    )
    said, turned = there.json(), back.json()
    assert said["names"] == [str(worse), str(model)]
    assert said["photos"] == said["first"]["photos"] == 36
    assert (said["verdict"], turned["verdict"]) == ("second", "first")
    assert (said["gained"], said["lost"]) == (turned["lost"], turned["gained"])
    assert said["gained"] >= 20
    assert said["p"] < 0.001
    assert said["interval"]["low"] < said["difference"] < said["interval"]["high"]
    assert {change["right"] for change in said["changes"]} == {"second"}
    assert {change["path"].split("/")[0] for change in said["changes"]} == {"circle", "square"}
    assert "unreadable" in [finding["code"] for finding in said["findings"]]
    assert "is better" in text.out
    assert "gained" in text.out
    assert "circle/broken.jpg" in text.err
    assert (quiet.out, quiet.err) == (text.out, "")


def test_a_model_and_itself_do_not_differ(place: Path, model: Path, photos: Path) -> None:
    as_json, text = run_batch(["compare", model, model, photos, "--json"], ["compare", model, model, photos])
    said = as_json.json()
    assert (said["gained"], said["lost"], said["difference"], said["changes"]) == (0, 0, 0, [])
    assert (said["p"], said["verdict"], said["needed"]) == (1, "cannot tell", None)
    assert said["log_loss_difference"] == 0
    assert "no difference in accuracy" in text.out


def test_what_cannot_be_compared_is_refused(place: Path, model: Path, photos: Path) -> None:
    unknown, several, none, labels = run_batch(
        ["compare", model, place / "few.foveal", photos],
        ["compare", model, place / "several.foveal", photos],
        ["compare", model, place / "no.foveal", photos],
        ["compare", model, model, place / "several" / "labels.csv"],
    )
    unknown.refused("class-mismatch", "stripes")
    several.refused("task-mismatch", "several.foveal")
    none.refused("not-found", "no.foveal")
    labels.refused("task-mismatch")


def test_classifiers_in_memory_are_compared_too(place: Path, model: Path, photos: Path) -> None:
    first, second = foveal.load(place / "worse.foveal"), foveal.load(model)
    found = foveal.compare(first, second, photos)
    assert found.names == ("first", "second")
    assert found.verdict == "second"
    assert found.first.photos == 36
