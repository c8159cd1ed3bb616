"""The main job, through the real command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_batch import Cli, run_batch
from trees import contents, left_overs


def test_fit_writes_a_model_and_a_report_and_changes_nothing_else(cli: Cli, photos: Path, tmp_path: Path) -> None:
    before = contents(photos)
    done = cli("fit", photos, "--out", tmp_path / "new" / "folder" / "shapes.foveal")
    assert done.returncode == 0, done.stderr
    assert "3 classes: circle, square, stripes" in done.stdout
    assert "accuracy" in done.stdout
    assert "macro F1" in done.stdout
    assert "calibration error" in done.stdout
    assert "shapes.foveal" in done.stderr
    assert "shapes.foveal" not in done.stdout
    endings = ("card.json", "card.md", "foveal", "report.html")
    assert sorted(contents(tmp_path)) == [f"new/folder/shapes.{ending}" for ending in endings]
    assert all(f"shapes.{ending}" in done.stderr for ending in endings if ending != "card.json")
    report = (tmp_path / "new" / "folder" / "shapes.report.html").read_text(encoding="utf-8")
    assert report.startswith("<!doctype html>")
    assert "stripes" in report
    assert contents(photos) == before


def test_predict_speaks_text_json_and_csv(photos: Path, model: Path) -> None:
    folder, single = photos / "stripes", photos / "circle" / "00.jpg"
    text, as_json, as_csv, quiet = run_batch(
        ["predict", model, single, folder],
        ["predict", model, single, folder, "--top", "2", "--json"],
        ["predict", model, single, folder, "--top", "99", "--csv"],
        ["predict", model, single, "--quiet"],
    )
    assert (text.code, text.err) == (0, "")
    lines = text.out.splitlines()
    assert len(lines) == 13
    assert lines[0].startswith(f"{single}  ")
    assert lines[0].endswith("% circle")
    assert [line.split()[0] for line in lines[1:]] == [str(folder / f"{number:02d}.jpg") for number in range(12)]
    records = as_json.json()["photos"]
    assert [len(record["top"]) for record in records] == [2] * 13
    assert [record["label"] for record in records] == ["circle"] + ["stripes"] * 12
    assert all(record["top"][0]["prob"] >= record["top"][1]["prob"] for record in records)
    rows = list(csv.reader(io.StringIO(as_csv.out)))
    assert rows[0] == [
        "path",
        "label_1",
        "prob_1",
        "label_2",
        "prob_2",
        "label_3",
        "prob_3",
        "error",
        "answer",
        "reason",
    ]
    assert [row[1] for row in rows[1:]] == [record["label"] for record in records]
    assert sum(float(cell) for cell in rows[1][2:7:2]) == pytest.approx(1, abs=1e-5)
    assert quiet.out.splitlines() == lines[:1]


def test_one_photo_named_twice_counts_once(photos: Path, model: Path) -> None:
    (answer,) = run_batch(["predict", model, photos / "circle" / "00.jpg", photos / "circle", "--json"])
    assert len(answer.json()["photos"]) == 12


def test_the_thousand_classes_need_no_model_file(cli: Cli, photos: Path) -> None:
    done = cli("predict", "imagenet", photos / "circle" / "00.jpg", "--top", "5", "--json")
    (record,) = json.loads(done.stdout)["photos"]
    assert done.stderr == ""
    assert len({each["label"] for each in record["top"]}) == 5
    assert 0 < sum(each["prob"] for each in record["top"]) <= 1


def test_evaluate_measures_on_other_photos(photos: Path, model: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for part, numbers in (("train", range(3, 9)), ("test", range(3))):
        for name in ("circle", "square", "stripes"):
            (tree / part / name).mkdir(parents=True)
            for number in numbers:
                shutil.copy(photos / name / f"{number:02d}.jpg", tree / part / name)
    everything, test_part, text = run_batch(
        ["evaluate", model, photos, "--json"], ["evaluate", model, tree, "--json"], ["evaluate", model, tree]
    )
    assert everything.json()["evaluation"]["photos"] == 36
    assert test_part.json()["evaluation"]["photos"] == 9
    assert (text.code, text.err) == (0, "")
    assert text.out.startswith("accuracy")


def test_vectors_go_to_npz_and_parquet(photos: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    npz, table, wide = run_batch(
        ["embed", photos, "--out", tmp_path / "v.npz", "--json"],
        ["embed", photos, "--out", tmp_path / "v.parquet"],
        ["embed", photos, "--out", tmp_path / "wide.npz", "--taps", "--quiet"],
    )
    said = npz.json()
    with np.load(tmp_path / "v.npz") as file:
        paths, vectors = file["paths"], file["vectors"]
    assert vectors.shape == (said["photos"], said["columns"]) == (36, 1280)
    assert np.isfinite(vectors).all()
    assert list(paths) == [str(path) for path in sorted(photos.rglob("*.jpg"))]
    assert table.code == 0, table.err
    rows = parquet.read_table(tmp_path / "v.parquet")
    assert rows.column("path").to_pylist() == list(paths)
    assert np.array_equal(np.array(rows.column("vector").to_pylist(), np.float32), vectors.astype(np.float32))
    assert (wide.code, wide.err) == (0, "")
    with np.load(tmp_path / "wide.npz") as file:
        assert file["vectors"].shape[1] > 1280
    assert not left_overs(tmp_path)


def test_the_cache_is_shown_cleared_and_never_needed(photos: Path, model: Path, warm_cache: Path) -> None:
    env = {"FOVEAL_CACHE": str(warm_cache)}
    out = warm_cache.parent / "again.foveal"
    empty, fitted, shown, as_json, cleared, after, without, still = run_batch(
        ["cache"],
        ["fit", photos, "--out", out, "--json"],
        ["cache", "show"],
        ["cache", "--json"],
        ["cache", "clear", "--json"],
        ["cache", "--json"],
        ["predict", model, photos, "--no-cache", "--json"],
        ["cache", "--json"],
        env=env,
    )
    assert "the cache is empty" in empty.out
    assert fitted.json()["data"]["photos"] == 36
    assert "efficientnet_lite0" in shown.out
    assert "(pixels)" in shown.out
    spaces = as_json.json()["spaces"]
    assert [space["rows"] for space in spaces] == [36, 36]
    assert cleared.json()["freed_bytes"] >= sum(space["bytes"] for space in spaces)
    assert after.json()["spaces"] == still.json()["spaces"] == []
    assert len(without.json()["photos"]) == 36


def test_models_lists_what_can_be_named(cli: Cli) -> None:
    done = cli("models")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split()[:2] == ["name", "network"]
    assert {"lite0", "lite1", "lite2"} <= {line.split()[0] for line in done.stdout.splitlines()[1:]}
    assert "top-1: as published" in done.stderr


def test_the_test_folder_is_used_once_and_reported(photos: Path, tmp_path: Path) -> None:
    tree, apart = tmp_path / "tree", tmp_path / "apart"
    for name in ("circle", "square", "stripes"):
        for part, numbers in (("train", range(6)), ("val", range(6, 9)), ("test", range(9, 12))):
            (tree / part / name).mkdir(parents=True)
            for number in numbers:
                shutil.copy(photos / name / f"{number:02d}.jpg", tree / part / name)
        (apart / name).mkdir(parents=True)
        shutil.copy(photos / name / "11.jpg", apart / name)
    inside, given, text = run_batch(
        ["fit", tree, "--out", tmp_path / "a.foveal", "--json"],
        ["fit", tree, "--test", apart, "--out", tmp_path / "b.foveal", "--json"],
        ["fit", tree, "--out", tmp_path / "c.foveal"],
    )
    for answer, tested in ((inside, 9), (given, 3)):
        said = answer.json()
        assert said["data"]["photos"] == said["metrics"]["out_of_fold"]["photos"] == 27
        assert said["metrics"]["test"]["photos"] == tested
    assert "test photos, used once" in text.out
    assert "test photos" in (tmp_path / "c.report.html").read_text(encoding="utf-8").lower()
    heads = [said.json()["data"]["fingerprint"] for said in (inside, given)]
    assert heads[0] == heads[1]
