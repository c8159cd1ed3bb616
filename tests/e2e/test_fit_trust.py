"""What a fit learns and writes besides the classifier, through the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_batch import run_batch
from trees import noise_photos

import foveal


def test_a_hierarchy_of_folders_is_learnt_and_measured(photos: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(photos / "circle", tree / "round" / "circle")
    shutil.copytree(photos / "square", tree / "angular" / "square")
    shutil.copytree(photos / "stripes", tree / "angular" / "stripes")
    model = tmp_path / "m.foveal"
    fitted, text, sure = run_batch(
        ["fit", tree, "--classes", "nested", "--out", model, "--json"],
        ["evaluate", model, tree, "--classes", "nested"],
        ["predict", model, tree, "--sure", "0.9", "--json"],
    )
    said = fitted.json()
    assert list(said["data"]["classes"]) == ["angular/square", "angular/stripes", "round/circle"]
    figures = said["metrics"]["out_of_fold"]["hierarchy"]
    assert [level["groups"] for level in figures["levels"]] == [2, 3]
    for each in figures["back_off"]:
        assert each["exact"] + each["broader"] + each["unknown"] == pytest.approx(1)
    assert "widest groups" in text.out
    assert {record["answer"] for record in sure.json()["photos"]} <= {
        *said["data"]["classes"],
        "angular",
        "round",
        "unknown",
    }
    tree_of_model = foveal.load(model).trust.tree
    assert tree_of_model is not None
    assert set(tree_of_model.names) == {"angular", "round", *said["data"]["classes"]}


def test_evidence_is_kept_only_where_it_was_allowed(photos: Path, tmp_path: Path) -> None:
    with_it, without = tmp_path / "with.foveal", tmp_path / "without.foveal"
    allowed, plain = run_batch(
        ["fit", photos, "--out", with_it, "--evidence", "--json"], ["fit", photos, "--out", without, "--json"]
    )
    assert (allowed.json()["recipe"]["evidence"], plain.json()["recipe"]["evidence"]) == (True, False)
    index = foveal.load(with_it).trust.evidence
    assert index is not None
    assert len(index) == 36
    assert index.picture(0)[:2] == b"\xff\xd8"
    assert set(index.names) == {str(path.relative_to(photos)) for path in photos.rglob("*.jpg")}
    assert foveal.load(without).trust.evidence is None
    assert allowed.json()["metrics"] == plain.json()["metrics"]


def test_the_record_says_what_was_learnt_besides(photos: Path, tmp_path: Path) -> None:
    (answer,) = run_batch(["fit", photos, "--out", tmp_path / "m.foveal", "--json"])
    said = answer.json()
    for key in ("report", "card", "card_json"):
        assert Path(said[key]).is_file()
    assert Path(said["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(Path(said["card_json"]).read_text(encoding="utf-8"))
    gate = said["trust"]["gate"]
    assert set(gate) == {"learnt", "reason", "tried"}
    assert [each["kind"] for each in gate["tried"]] == (["noise", "blank", "shuffled"] if gate["learnt"] else [])
    assert said["calibration"]["method"] in ("none", "temperature", "vector")
    assert {trial["method"] for trial in said["calibration"]["trials"]} >= {"none", "temperature"}
    curve = said["learning_curve"]
    assert curve is None or set(curve) == {"measured", "ahead"}
    trust = said["metrics"]["out_of_fold"]["trust"]
    assert trust["photos"] == 36
    assert trust["gate"] is not None


def test_a_report_that_cannot_be_written_is_refused_before_the_work(photos: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.foveal"
    (tmp_path / "m.report.html").mkdir()
    (fitted,) = run_batch(["fit", photos, "--out", model])
    fitted.refused("bad-option", "m.report.html")
    assert not model.exists()


@pytest.mark.parametrize("sizes", [(3, 3), (2, 6), (2, 2)])
def test_very_few_photos_are_learnt_without_a_gate(photos: Path, tmp_path: Path, sizes: tuple[int, int]) -> None:
    for name, size in zip(("circle", "square"), sizes, strict=True):
        (tmp_path / "few" / name).mkdir(parents=True)
        for number in range(size):
            shutil.copy(photos / name / f"{number:02d}.jpg", tmp_path / "few" / name)
    model = tmp_path / "m.foveal"
    fitted, plain, evaluated, sure, promised, page = run_batch(
        ["fit", tmp_path / "few", "--out", model, "--evidence", "--json"],
        ["predict", model, photos, "--json"],
        ["evaluate", model, tmp_path / "few"],
        ["predict", model, photos, "--sure", "0.9", "--json"],
        ["predict", model, photos, "--max-error", "0.02", "--json"],
        ["evaluate", model, tmp_path / "few", "--html", tmp_path / "e.html", "--quiet"],
    )
    said = fitted.json()
    assert said["trust"]["gate"]["learnt"] is False
    assert "too few" in said["trust"]["gate"]["reason"]
    assert said["metrics"]["out_of_fold"]["trust"]["gate"] is None
    assert "answer" not in plain.json()["photos"][0]
    assert "answer" in sure.json()["photos"][0]
    assert {record["answer"] for record in promised.json()["photos"]} == {"unknown"}
    assert (evaluated.code, page.code) == (0, 0)


def test_photos_that_are_nearly_alike_are_learnt(tmp_path: Path) -> None:
    tree = noise_photos(tmp_path / "noise", 24)
    fitted, predicted = run_batch(
        ["fit", tree, "--out", tmp_path / "m.foveal", "--json"],
        ["predict", tmp_path / "m.foveal", tree, "--coverage", "0.9", "--json"],
    )
    assert fitted.json()["data"]["photos"] == 24
    assert all(record["set"] for record in predicted.json()["photos"])
