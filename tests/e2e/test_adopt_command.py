"""A classifier of another library goes through every verb that a fitted one goes through."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cli_batch import run_batch
from drawn_photos import write_photos
from foreign_network import write_foreign

DOC = Path(__file__).resolve().parents[2] / "docs" / "adopting.md"
FORM = ["--mode", "stretch", "--normalise", "unit", "--quiet"]


@pytest.fixture(scope="module")
def adopted(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`net.onnx`, `plain.foveal`, and `calibrated.foveal` learnt from other photos of the same kind in `more`."""
    folder = tmp_path_factory.mktemp("adopted")
    write_foreign(folder / "net.onnx", photos)
    write_photos(folder / "more", per_class=15, seed=7)
    plain = ["adopt", folder / "net.onnx", "--classes", photos, *FORM, "--licence", "MIT"]
    answers = run_batch(
        [*plain, "--out", folder / "plain.foveal", "--json"],
        [*plain, "--out", folder / "calibrated.foveal", "--photos", folder / "more"],
    )
    (folder / "answer.json").write_text(json.dumps(answers[0].json()))
    assert answers[1].code == 0, answers[1].err
    assert "sets and gate learnt" in answers[1].out
    return folder


def test_the_commands_of_the_documentation(adopted: Path, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    shutil.copy(adopted / "net.onnx", tmp_path / "classifier.onnx")
    block = re.search(r"```console\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    commands = [line.removeprefix("$ foveal ").split() for line in block[1].splitlines()]
    for command, answer in zip(commands, run_batch(*commands, cwd=tmp_path), strict=True):
        assert answer.code == 0, (command, answer.err)


def test_what_it_says_of_itself(adopted: Path) -> None:
    said = json.loads((adopted / "answer.json").read_text())
    assert said["class_names"] == ["circle", "square", "stripes"]
    told = said["adopted"]
    assert (told["file"], told["library"], told["licence"], told["head"]) == ("net.onnx", "ONNX", "MIT", "affine")
    assert told["max_probability_difference"] < 1e-3
    assert len(told["sha256"]) == 64
    assert said["licences"] == ["MIT"]


def test_the_other_verbs_take_it(adopted: Path, photos: Path, tmp_path: Path) -> None:
    model = adopted / "plain.foveal"
    evaluate, compare, explain, predict, describe = run_batch(
        ["evaluate", model, photos, "--json", "--quiet"],
        ["compare", model, adopted / "calibrated.foveal", photos, "--json", "--quiet"],
        ["explain", model, photos / "circle" / "00.jpg", "--method", "cam", "--out", tmp_path / "maps", "--quiet"],
        ["predict", model, photos / "circle" / "00.jpg", "--json", "--quiet"],
        ["describe", model, "--json"],
    )
    assert evaluate.json()["evaluation"]["accuracy"] > 0.6
    for answer in (compare, explain, predict):
        assert answer.code == 0, answer.err
    assert describe.json()["about"]["head"]["kind"] == "affine"
    assert describe.json()["about"]["licences"] == ["MIT"]


def test_photos_teach_it_its_limits(adopted: Path, photos: Path) -> None:
    sets, own, none = run_batch(
        ["predict", adopted / "calibrated.foveal", photos / "circle" / "00.jpg", "--coverage", "0.8", "--json", "-q"],
        ["evaluate", adopted / "calibrated.foveal", adopted / "more", "--json"],
        ["predict", adopted / "plain.foveal", photos / "circle" / "00.jpg", "--coverage", "0.8", "--quiet"],
    )
    assert sets.json()["photos"][0]["set"]
    none.refused("not-calibrated")
    assert [each["code"] for each in own.json()["findings"]] == ["test-photo-learnt"]
    with zipfile.ZipFile(adopted / "calibrated.foveal") as archive:
        record = json.loads(archive.read("manifest.json"))["record"]
    assert record["calibration"]["temperature"] > 0
    assert record["metrics"]["out_of_fold"]["accuracy"] > 0.4
    assert record["data"]["photos"] == 45


def test_photos_tell_how_pixels_are_normalised(adopted: Path, photos: Path, tmp_path: Path) -> None:
    given = ["--classes", photos, "--mode", "stretch", "--photos", photos, "--out", tmp_path / "m.foveal", "--json"]
    (answer,) = run_batch(["adopt", adopted / "net.onnx", *given])
    told = answer.json()
    (note,) = told["adopted"]["assumed"]
    assert "fits 36 photos best: unit" in note
    assert told["metrics"]["out_of_fold"]["accuracy"] > 0.6


def test_notes_are_shown_and_names_are_needed(adopted: Path, tmp_path: Path) -> None:
    network, out = adopted / "net.onnx", tmp_path / "m.foveal"
    told, unnamed, two, nothing, size, weights, kind = run_batch(
        ["adopt", network, "--classes", "a,b,c", "--out", out],
        ["adopt", network, "--out", out],
        ["adopt", network, "--classes", "a,b", "--out", out],
        ["adopt", tmp_path / "absent.onnx", "--classes", "a,b", "--out", out],
        ["adopt", network, "--classes", "a,b,c", "--size", "large", "--out", out],
        ["adopt", tmp_path / "w.pth", "--out", out],
        ["adopt", Path(__file__), "--out", out],
    )
    assert told.code == 0
    assert "ImageNet's mean and deviation are assumed" in told.err
    unnamed.refused("classes-unknown", "3 classes", "no names")
    two.refused("classes-unknown", "got 2 names")
    nothing.refused("not-found", "absent.onnx")
    size.refused("bad-option", "--size")
    weights.refused("not-found")
    kind.refused("classifier-unreadable", ".keras")


def test_the_python_function_gives_the_same(adopted: Path, photos: Path) -> None:
    import foveal
    from foveal.workflows.adopt import adopt

    names = ["circle", "square", "stripes"]
    model = adopt(adopted / "net.onnx", classes=names, mode="stretch", normalise="unit")
    found = model.predict(photos / "circle").probs
    kept = foveal.load(adopted / "plain.foveal").predict(photos / "circle").probs
    np.testing.assert_allclose(found, kept, atol=1e-5)
