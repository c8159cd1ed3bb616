from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

import foveal
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.evaluation import speed as speed_module
from foveal.evaluation.cold_start import cold_start
from foveal.evaluation.machine import this_machine
from foveal.evaluation.speed import speed, speed_summary


@pytest.fixture(scope="module")
def model(photos: Path) -> Classifier:
    return foveal.fit(photos, effort="low")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed_module, "_FOLDER_SECONDS", 0.1)
    monkeypatch.setattr(speed_module, "_LATENCY_SECONDS", 0.2)


def test_everything_is_measured(model: Classifier, photos: Path) -> None:
    found = speed(model, foveal.read(photos).photos())
    assert json.loads(json.dumps(found)) == found
    assert found["notes"] == []
    folder, latency, cold = found["folder"], found["latency"], found["cold_start"]
    assert folder["per_second"] == pytest.approx(folder["photos"] / folder["seconds"], rel=0.02)
    assert 0 < latency["p50_ms"] <= latency["p95_ms"] <= latency["p99_ms"]
    assert cold is not None
    assert 1 <= cold["runs"] <= 3
    parts = cold["import_seconds"] + cold["load_seconds"] + cold["first_answer_seconds"]
    assert 0 < parts < cold["seconds"]
    assert cold["peak_memory_mb"] is None or 20 < cold["peak_memory_mb"] < 4000
    (network,) = found["networks"]
    assert network["input_wh"] == list(model.views[0].preprocess.size_wh)
    assert found["model_file_mb"] is not None
    assert network["file_mb"] < found["model_file_mb"] < network["file_mb"] + 5
    text = speed_summary(found)
    assert 2 <= len(text.splitlines()) <= 3
    assert "photos/s" in text
    assert "cold start" in text


def test_a_file_that_is_there_is_measured_itself(model: Classifier, photos: Path, tmp_path: Path) -> None:
    path = model.save(tmp_path / "m.foveal")
    found = speed(model, foveal.read(photos).photos(), model=path)
    assert found["model_file_mb"] == round(path.stat().st_size / 1e6, 2)


def test_pixels_in_memory_have_no_cold_start(model: Classifier) -> None:
    found = speed(model, [np.full((60, 80, 3), 90, np.uint8)])
    assert found["cold_start"] is None
    assert "not files" in found["notes"][0]
    assert "cold start" not in speed_summary(found)


def test_unreadable_photos_are_passed_over(model: Classifier, photos: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    found = speed(model, [broken, photos / "circle" / "00.jpg", broken])
    assert found["folder"]["different"] == 1
    with pytest.raises(FovealError) as refused:
        speed(model, [broken])
    assert refused.value.code == "no-photos"


def test_a_failed_start_says_why(photos: Path, tmp_path: Path) -> None:
    cold, problem = cold_start(str(tmp_path / "absent.foveal"), photos / "circle" / "00.jpg")
    assert cold is None
    assert "absent.foveal" in problem
    assert "[not-found]" in problem


def test_patience_bounds_the_starts(model: Classifier, photos: Path, tmp_path: Path) -> None:
    path = model.save(tmp_path / "m.foveal")
    started = time.perf_counter()
    cold, _ = cold_start(str(path), photos / "circle" / "00.jpg", patience=0)
    assert cold is not None
    assert cold["runs"] == 1
    assert cold["seconds"] <= time.perf_counter() - started + 0.001


def test_the_machine_is_named() -> None:
    found = this_machine()
    assert found["processor"]
    assert found["cores"] >= 1
    assert found["threads"] >= 1
