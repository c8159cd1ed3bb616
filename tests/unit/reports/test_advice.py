from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.reports.made_report import CURVE, made_label_sets, made_measured, made_model

from foveal.evaluation.measured import Measured
from foveal.metrics.evaluate import measure
from foveal.reports.cautions import cautions, not_measured, on_own_photos
from foveal.reports.glance import how_good
from foveal.reports.mistakes import Mistakes
from foveal.reports.model_report import ModelReport
from foveal.reports.next_steps import next_steps
from foveal.types.finding import Finding


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return made_measured(tmp_path_factory.mktemp("advice") / "photos")


def _weak(measured: Measured) -> Measured:
    """The first class has few photos and is always taken, surely, for the second."""
    keep = np.flatnonzero((measured.labels != 0) | (np.arange(len(measured.labels)) < 6))
    labels = measured.labels[keep]
    said = np.where(labels == 0, 1, labels)
    probs = np.full((len(labels), len(measured.class_names)), 0.01, np.float32)
    probs[np.arange(len(labels)), said] = 1 - 0.01 * (probs.shape[1] - 1)
    figures = measure(labels, probs, measured.class_names, protocol="labelled photos")
    return replace(measured, rows=measured.rows[keep], labels=labels, probs=probs, figures=figures, unknown=None)


def test_the_weakest_class_is_named_with_what_to_do(measured: Measured) -> None:
    weak = _weak(measured)
    model = made_model(weak.class_names, {})
    first, second = weak.class_names[:2]
    said = dict(cautions(model, weak.figures))
    assert said["Weakest classes:"].startswith(f"{first} is found in none of its photos")
    assert f"{first} for {second} (100% of its photos)" in said["It takes one thing for another:"]
    assert "fewer than 30 photos" in said["Few photos:"]
    assert "the split" not in said
    assert "Photos of one thing" in said
    steps = dict(next_steps(ModelReport(model, (weak,)), Mistakes(weak)))
    assert first in steps["Look at the mistakes of"]
    model.record["data"]["classes"][first] = 6
    steps = dict(next_steps(ModelReport(model, (weak,)), Mistakes(weak)))
    assert steps["Add photos of"].startswith(f"{first} (6): weak")
    assert steps["Check labels:"].startswith("6 photos contradict")
    assert f"Compare {first} and {second}:" in steps


def test_steps_follow_from_sets_thresholds_and_curve(measured: Measured) -> None:
    report = ModelReport(made_model(measured.class_names, {}), (measured,), learning_curve=CURVE)
    steps = dict(next_steps(report, Mistakes(measured)))
    assert steps["More photos of every kind:"] == "200 would bring about +5.0 points."
    assert "use --max-error" in steps["Where a mistake is dear,"]
    assert "use --coverage 0.95" in steps["Where the true class must be among the answers,"]
    assert "Measure on photos from where it will be used:" in steps
    assert "Measure on more photos:" in steps
    flat = {**CURVE, "ahead": {**CURVE["ahead"], "accuracy": [0.8, 0.8]}}
    steps = dict(next_steps(replace(report, learning_curve=flat), Mistakes(measured)))
    assert "flat" in steps["More photos of the same kind"]


def test_sets_that_cannot_be_promised_are_not_recommended(measured: Measured) -> None:
    trust = {**measured.figures.trust, "sets": {**measured.figures.trust["sets"], "promised": False}}
    few = replace(measured, figures=replace(measured.figures, trust=trust))
    steps = dict(next_steps(ModelReport(made_model(few.class_names, {}), (few,)), Mistakes(few)))
    assert "Where the true class must be among the answers," not in steps


def test_how_good_says_interval_and_what_guessing_gives(measured: Measured) -> None:
    model = made_model(measured.class_names, {})
    said = " ".join(how_good(ModelReport(model, (measured, measured))))
    assert f"{measured.figures.accuracy:.1%}" in said
    assert "Guessing the most frequent class would be right for 33%" in said
    assert "had learnt from the others only" in said


def _with(measured: Measured, **changes: object) -> list[str]:
    figures = replace(measured.figures, **changes)
    return how_good(ModelReport(made_model(measured.class_names, {}), (replace(measured, figures=figures),)))


def test_percentages_that_so_few_photos_cannot_judge_are_not_praised(measured: Measured) -> None:
    chance = {"mean": 0.15, "low": 0.05, "high": 0.3}
    assert any("so few photos cannot tell" in each for each in _with(measured, ece=0.166, ece_expected=chance))
    assert any("right about 80 times" in each for each in _with(measured, ece=0.02, ece_expected=chance))
    assert any("not to be taken literally" in each for each in _with(measured, ece=0.31, ece_expected=chance))


def test_photos_that_were_learnt_from_are_pointed_out() -> None:
    own = Finding("test-photo-learnt", "these are the 9 photos that the model learnt from")
    assert on_own_photos([own]) == [("These figures flatter it:", f"{own.message}.")]
    assert on_own_photos([Finding("nested-classes", "other")]) == []


def test_what_is_refused_of_several_labels_is_not_recommended(tmp_path: Path) -> None:
    several = made_label_sets(tmp_path / "photos").figures
    assert dict(not_measured([several]))["Robustness to blur, noise, weather and bad light"] == ""


def test_what_was_measured_is_not_among_what_was_not(measured: Measured) -> None:
    assert dict(not_measured([measured.figures]))["Speed"].endswith("--speed")
    names = [name for name, _ in not_measured([measured.figures])]
    assert "Photos kept apart for testing" in names
    assert "Speed" in names
    assert not {"Prediction sets", "The gate for the unknown", "Groups of photos (slices)"} & set(names)
    assert "Prediction sets" in [name for name, _ in not_measured([])]
