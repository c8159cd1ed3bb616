"""Photos with any number of labels each: fit, predict and evaluate through the real command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cli_batch import Cli, run_batch
from drawn_photos import write_labelled_photos

NAMES = ["circle", "square", "stripes"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train/`, 72 photos with their table; `later/`, 24 others; and `m.foveal`, fitted on the first."""
    folder = tmp_path_factory.mktemp("several")
    write_labelled_photos(folder / "train", photos=72, seed=1)
    write_labelled_photos(folder / "later", photos=24, seed=2)
    model = folder / "m.foveal"
    (done,) = run_batch(["fit", folder / "train" / "labels.csv", "--out", model, "--json", "--seed", "1"])
    (folder / "fit.json").write_text(done.out, encoding="utf-8")
    assert done.code == 0, done.err
    return folder


def _truth(folder: Path) -> list[set[str]]:
    rows = csv.reader((folder / "labels.csv").read_text(encoding="utf-8").splitlines()[1:])
    return [set(labels.split("|")) - {""} for _, labels in rows]


def test_fit_says_how_well_each_label_is_recognised(place: Path) -> None:
    said = json.loads((place / "fit.json").read_text(encoding="utf-8"))
    figures = said["metrics"]["out_of_fold"]
    assert figures["photos"] == said["data"]["photos"] == 72
    assert [score["name"] for score in figures["per_class"]] == NAMES
    truth = _truth(place / "train")
    counts = {name: sum(name in each for each in truth) for name in NAMES}
    assert said["data"]["classes"] == counts == {score["name"]: score["photos"] for score in figures["per_class"]}
    assert figures["mean_average_precision"] > 0.75
    low, high = (figures["mean_average_precision_interval"][end] for end in ("low", "high"))
    assert low <= figures["mean_average_precision"] <= high
    assert len(said["calibration"]["thresholds"]) == 3
    assert said["selection"]["probe"] == "logistic"


def test_fit_and_evaluate_speak_plainly(cli: Cli, place: Path, tmp_path: Path) -> None:
    fitted = cli("fit", place / "train" / "labels.csv", "--out", tmp_path / "m.foveal")
    assert fitted.returncode == 0, fitted.stderr
    evaluated = cli("evaluate", place / "m.foveal", place / "later" / "labels.csv")
    assert evaluated.returncode == 0, evaluated.stderr
    for text in (fitted.stdout, evaluated.stdout):
        for words in ("mAP", "micro", "macro", "exactly right", "yes from", "stripes"):
            assert words in text
    report = (tmp_path / "m.report.html").read_text(encoding="utf-8")
    for words in ("stripes", "average precision", "threshold"):
        assert words in report.lower()


def test_predict_names_every_label_of_a_photo(place: Path) -> None:
    folder, truth = place / "later" / "photos", _truth(place / "later")
    text, as_json, as_csv, top = run_batch(
        ["predict", place / "m.foveal", folder],
        ["predict", place / "m.foveal", folder, "--json"],
        ["predict", place / "m.foveal", folder, "--csv"],
        ["predict", place / "m.foveal", folder, "--top", "3"],
    )
    records = as_json.json()["photos"]
    said = [{each["label"] for each in record["labels"]} for record in records]
    right = sum(
        (name in found) == (name in wanted) for found, wanted in zip(said, truth, strict=True) for name in NAMES
    )
    assert right / (24 * 3) > 0.75
    assert {len(found) for found in said} >= {1, 2}
    rows = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert [set(row["labels"].split("|")) - {""} for row in rows] == said
    for line, found in zip(text.out.splitlines(), said, strict=True):
        assert all(name in line for name in found)
        assert found or line.endswith("none of the classes")
    assert all(all(name in line for name in NAMES) for line in top.out.splitlines())
    probs = [sum(each["prob"] for each in record["labels"]) for record in records]
    assert max(probs) > 1.05


def test_evaluate_agrees_with_predict(place: Path) -> None:
    evaluated, predicted = run_batch(
        ["evaluate", place / "m.foveal", place / "later" / "labels.csv", "--json"],
        ["predict", place / "m.foveal", place / "later" / "photos", "--json"],
    )
    said = [{each["label"] for each in record["labels"]} for record in predicted.json()["photos"]]
    truth = _truth(place / "later")
    figures = evaluated.json()["evaluation"]
    assert figures["subset_accuracy"] == pytest.approx(np.mean([a == b for a, b in zip(said, truth, strict=True)]))
    wrong = sum(len(found ^ wanted) for found, wanted in zip(said, truth, strict=True))
    assert figures["hamming_loss"] == pytest.approx(wrong / (24 * 3))


def test_the_same_photos_give_the_same_model(place: Path, tmp_path: Path) -> None:
    table = place / "train" / "labels.csv"
    (done,) = run_batch(["fit", table, "--out", tmp_path / "m.foveal", "--quiet", "--seed", "1"])
    assert done.code == 0, done.err
    with zipfile.ZipFile(place / "m.foveal") as one, zipfile.ZipFile(tmp_path / "m.foveal") as other:
        assert one.read("head.npz") == other.read("head.npz")
        assert json.loads(one.read("manifest.json"))["protocol"] == 2


def test_what_contradicts_itself_or_cannot_be_learnt_is_named(place: Path, tmp_path: Path) -> None:
    rows = (place / "train" / "labels.csv").read_text().splitlines()
    photo = (place / "train" / "photos" / "00.jpg").read_bytes()
    shutil.copytree(place / "train" / "photos", tmp_path / "photos")
    (tmp_path / "copy.jpg").write_bytes(photo)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    other = "circle" if "circle" not in rows[1] else "square|stripes"
    extra = [f"copy.jpg,{other}", "broken.jpg,circle"]
    rows[5] += "|once" if not rows[5].endswith(",") else "once"
    (tmp_path / "labels.csv").write_text("\n".join([*rows, *extra]) + "\n")
    (done,) = run_batch(["fit", tmp_path / "labels.csv", "--out", tmp_path / "m.foveal", "--json"])
    said = done.json()
    named = {finding["code"]: finding["paths"] for finding in said["findings"]}
    assert named["same-photo-two-classes"] == ["photos/00.jpg", "copy.jpg"]
    assert named["unreadable"] == ["broken.jpg"]
    assert named["class-left-out"] == [rows[5].split(",")[0]]
    assert said["data"]["photos"] == 71
    assert list(said["data"]["classes"]) == NAMES


def test_a_split_column_keeps_the_test_photos_for_the_end(place: Path, tmp_path: Path) -> None:
    rows = (place / "train" / "labels.csv").read_text().splitlines()[1:]
    shutil.copytree(place / "train" / "photos", tmp_path / "photos")
    parts = [f"{row},{'test' if number % 4 == 0 else 'train'}" for number, row in enumerate(rows)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,labels,split", *parts]) + "\n")
    (done,) = run_batch(["fit", tmp_path / "labels.csv", "--out", tmp_path / "m.foveal", "--json"])
    metrics = done.json()["metrics"]
    assert (metrics["out_of_fold"]["photos"], metrics["test"]["photos"]) == (54, 18)
    assert metrics["test"]["mean_average_precision"] > 0.6


def test_what_does_not_go_together_is_refused(place: Path, photos: Path, model: Path, tmp_path: Path) -> None:
    table = place / "train" / "labels.csv"
    several, one, probe = run_batch(
        ["evaluate", place / "m.foveal", photos],
        ["evaluate", model, table],
        ["fit", table, "--out", tmp_path / "m.foveal", "--probe", "ridge"],
    )
    several.refused("task-mismatch", "any number of labels a photo", "one class a photo")
    one.refused("task-mismatch", "one class a photo, as the model gives")
    probe.refused("bad-option", "--probe", "ridge")


def test_a_split_is_kept_and_used_again(place: Path, tmp_path: Path) -> None:
    table = place / "train" / "labels.csv"
    kept, fitted = run_batch(
        ["split", table, "--out", tmp_path / "split.csv", "--folds", "4"],
        ["fit", table, "--split", tmp_path / "split.csv", "--out", tmp_path / "m.foveal", "--json"],
    )
    assert kept.code == 0, kept.err
    rows = list(csv.DictReader((tmp_path / "split.csv").read_text(encoding="utf-8").splitlines()))
    truth = dict(zip((f"photos/{number:02d}.jpg" for number in range(72)), _truth(place / "train"), strict=True))
    for name in NAMES:
        counts = [sum(name in truth[row["path"]] for row in rows if row["fold"] == fold) for fold in "0123"]
        assert max(counts) - min(counts) <= 4
    said = fitted.json()
    assert (said["split"]["by"], said["split"]["folds"]) == ("file", 4)
    assert said["metrics"]["out_of_fold"]["protocol"] == "out of fold, 4 folds"


def test_what_needs_one_class_a_photo_is_refused(place: Path) -> None:
    model, photos = place / "m.foveal", place / "later"
    for answer in run_batch(
        ["predict", model, photos, "--coverage", "0.9"],
        ["predict", model, photos, "--max-error", "0.1"],
        ["predict", model, photos, "--sure", "0.9"],
        ["evaluate", model, photos / "labels.csv", "--slices", "folder"],
        ["evaluate", model, photos / "labels.csv", "--robustness"],
        ["evaluate", model, photos / "labels.csv", "--speed"],
    ):
        answer.refused("bad-option", "any number of labels")


def test_nothing_is_doubted_and_the_page_is_written_all_the_same(place: Path, tmp_path: Path) -> None:
    predicted, evaluated = run_batch(
        ["predict", place / "m.foveal", place / "later", "--unknown", "never", "--json"],
        ["evaluate", place / "m.foveal", place / "later" / "labels.csv", "--html", tmp_path / "e.html"],
    )
    assert {"answer", "reason", "set"}.isdisjoint(predicted.json()["photos"][0])
    assert evaluated.code == 0, evaluated.err
    assert (tmp_path / "e.html").read_text(encoding="utf-8").startswith("<!doctype html>")
