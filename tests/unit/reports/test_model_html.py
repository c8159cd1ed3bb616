from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from tests.unit.reports.made_report import CURVE, HOSTILE, made_label_sets, made_measured, made_model
from tests.unit.reports.page import Page

from foveal.evaluation.measured import Measured
from foveal.metrics.evaluate import measure
from foveal.reports.model_html import write_model_html
from foveal.reports.model_report import ModelReport
from foveal.reports.trust_section import asked_row
from foveal.types.finding import Finding

SECTIONS = (
    "What it is",
    "How good it is",
    "When not to trust it",
    "What to do next",
    "Out of fold",
    "Figures",
    "Each class",
    "What is taken for what",
    "Surest mistakes",
    "Calibration",
    "Prediction sets",
    "Answering only the surest",
    "The gate for the unknown",
    "Groups of photos",
    "Robustness",
    "Speed",
    "How it was made",
    "What was noticed about the photos",
    "What was not measured",
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return made_measured(tmp_path_factory.mktemp("page") / "photos")


def page_of(report: ModelReport, folder: Path) -> tuple[str, Page]:
    text = write_model_html(report, folder / "clothes.report.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_everything_measured_is_on_the_page(measured: Measured, tmp_path: Path) -> None:
    model = made_model(measured.class_names, {"out_of_fold": measured.figures}, (Finding("unreadable", "one cut"),))
    _, page = page_of(ModelReport(model, (measured,), learning_curve=CURVE), tmp_path)
    said = [text.strip() for _, text in page.headings]
    assert said[0] == "clothes: how far it can be trusted"
    assert [each for each in SECTIONS if each not in said] == []
    assert "Learning curve" in said
    for words in (
        "--max-error",
        "--coverage",
        "one cut",
        "Canon",
        "ab" * 32,
        "MIT",
        "before calibration",
        "+5.0 points",
    ):
        assert words in page.text, words
    assert {each.split(":")[0] for each in page.drawings} >= {"Line", "Bars"}
    assert len(page.drawings) == 8


def test_the_page_is_named_after_the_model_where_that_is_known(measured: Measured, tmp_path: Path) -> None:
    report = ModelReport(made_model(measured.class_names, {}), (measured,), name="pets")
    _, page = page_of(report, tmp_path)
    assert page.headings[0][1].strip() == "pets: how far it can be trusted"


def test_a_point_is_spoken_of_only_where_there_is_one(measured: Measured, tmp_path: Path) -> None:
    model, trust = made_model(measured.class_names, {}), dict(measured.figures.trust)
    nothing = {"promised": False, "threshold": None, "answered": 0, "share": 0.0, "error": None}
    rows = [{**row, **nothing} for row in trust["abstention"]["rows"]]
    none = {**trust, "abstention": {**trust["abstention"], "rows": rows, "lowest": None}}
    said = []
    for figures in (measured.figures, replace(measured.figures, trust=none)):
        _, page = page_of(ModelReport(model, (replace(measured, figures=figures),)), tmp_path)
        said.append("The point:" in page.text)
    assert asked_row(trust["abstention"])["error"] is not None
    assert said == [True, False]


def test_headings_go_down_one_step_at_a_time(measured: Measured, tmp_path: Path) -> None:
    model = made_model(measured.class_names, {})
    _, page = page_of(ModelReport(model, (measured, measured)), tmp_path)
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_mistakes_are_shown_with_words_and_a_way_to_the_photo(measured: Measured, tmp_path: Path) -> None:
    model = made_model(measured.class_names, {})
    _, page = page_of(ModelReport(model, (measured,)), tmp_path)
    wrong = int((measured.probs.argmax(axis=1) != measured.labels).sum())
    assert len(page.pictures) >= min(wrong, 24)
    assert all(each["src"].startswith("data:image/jpeg") and each["alt"] for each in page.pictures)
    links = [link for link in page.links if not link.startswith("#")]
    assert links
    assert all((tmp_path / unquote(link)).resolve().is_file() for link in links)
    anchors = [link[1:] for link in page.links if link.startswith("#")]
    assert set(anchors) <= set(page.ids)


def test_what_was_not_measured_says_so(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", trust=False)
    figures = replace(measured.figures, reliability={}, intervals={}, averages={}, calibration={}, kappa=None, mcc=None)
    model = replace(made_model(measured.class_names, {}), record={})
    _, page = page_of(ModelReport(model, (replace(measured, figures=figures),)), tmp_path)
    text = " ".join(page.text.split())
    assert text.count("Not measured") == 7
    for words in ("Robustness", "Prediction sets", "The gate for the unknown"):
        assert f"{words}" in text
    assert "has no gate for the unknown" in text
    assert "learnt from" in text


def test_hostile_names_do_nothing(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", HOSTILE)
    model = made_model(HOSTILE, {}, (Finding("unreadable", "x <img src=y>", ("dir/<b>|",)),))
    text, page = page_of(ModelReport(model, (measured,)), tmp_path)
    assert "<script" not in text
    assert "<img src=y>" not in text
    assert "\x1b" not in text
    assert "猫" in page.text


def test_any_number_of_labels(tmp_path: Path) -> None:
    measured = made_label_sets(tmp_path / "photos")
    model = made_model(measured.class_names, {"out_of_fold": measured.figures}, several=True)
    _, page = page_of(ModelReport(model, (measured,)), tmp_path)
    assert "mean average precision" in page.text
    assert "Photos whose labels are farthest off" in page.text
    assert "What is taken for what" not in page.text
    assert "Photos kept apart" not in page.text
    assert any("not found" in each["alt"] for each in page.pictures)
    assert any("taken for" in each["alt"] for each in page.pictures)


def test_a_perfect_model_has_no_mistakes_to_show(measured: Measured, tmp_path: Path) -> None:
    probs = np.eye(len(measured.class_names), dtype=np.float32)[measured.labels]
    figures = measure(measured.labels, probs, measured.class_names, protocol="labelled photos")
    perfect = replace(measured, probs=probs, figures=figures, unknown=None)
    _, page = page_of(ModelReport(made_model(measured.class_names, {}), (perfect,)), tmp_path)
    assert "There are none." in page.text
    assert page.pictures == []


def test_many_classes_fit_a_page(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(60))
    measured = made_measured(tmp_path / "photos", names, trust=False)
    text, page = page_of(ModelReport(made_model(names, {}), (measured,)), tmp_path)
    assert "and 20 more classes" in page.text
    assert len(text) < 1_500_000


def test_classes_that_were_never_there_take_no_room(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(60))
    measured = made_measured(tmp_path / "photos", names, trust=False)
    said = np.where(np.arange(len(measured.labels)) % 5 == 0, 7, measured.labels)
    probs = np.eye(60, dtype=np.float32)[said]
    figures = measure(measured.labels, probs, names, protocol="labelled photos")
    _, page = page_of(ModelReport(made_model(names, {}), (replace(measured, probs=probs, figures=figures),)), tmp_path)
    assert any("Confusion matrix of 4 classes" in each for each in page.drawings)


def test_findings_are_cut_and_said_once(measured: Measured, tmp_path: Path) -> None:
    findings = tuple(Finding("unreadable", f"number {number}", ("a", "b", "c", "d")) for number in range(250))
    model = made_model(measured.class_names, {}, findings)
    _, page = page_of(ModelReport(model, (measured,), findings), tmp_path)
    assert "and 50 more" in page.text
    assert page.text.count("number 7 ") == 1
    assert "a, b, c and 1 more" in page.text


def test_single_classes_are_spoken_of_by_the_measurement_of_most_photos(measured: Measured, tmp_path: Path) -> None:
    half = np.flatnonzero(np.arange(len(measured.labels)) % 2 == 0)
    labels, probs = measured.labels[half], measured.probs[half]
    figures = measure(labels, probs, measured.class_names, protocol="test photos, used once")
    tests = replace(measured, title="test photos", rows=half, labels=labels, probs=probs, figures=figures, unknown=None)
    report = ModelReport(made_model(measured.class_names, {}), (tests, measured))
    assert report.main is tests
    assert report.fullest is measured
    text, page = page_of(report, tmp_path)
    assert "Test photos" in page.text
    assert text.index('id="m1-title"') < text.index('id="m2-title"')
