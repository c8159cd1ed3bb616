from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.unit.reports.made_report import HOSTILE, made_label_sets, made_measured, made_model

from foveal.metrics.evaluate import measure
from foveal.reports.model_card import NOT_MEASURED, card_dict, card_markdown
from foveal.types.finding import Finding


def test_the_card_holds_what_was_measured(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos")
    model = made_model(measured.class_names, {"out_of_fold": measured.figures, "test": measured.figures})
    card = json.loads(json.dumps(card_dict(model)))
    assert card["evaluation"]["test"]["accuracy"] == measured.figures.accuracy
    assert card["prediction_sets"]["asked"] == 0.95
    assert card["slices"][0]["column"] == "camera"
    assert card["robustness"] == card["speed"] == card["hierarchy"] == NOT_MEASURED
    assert card["licences"] == ["MIT"]
    assert card["training_data"]["fingerprint"] == "ab" * 32
    assert card["cautions"]


def test_cautions_are_drawn_from_the_most_photos(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos")
    probs = np.eye(len(measured.class_names), dtype=np.float32)[measured.labels[:9]]
    few = measure(measured.labels[:9], probs, measured.class_names, protocol="out of fold, 3 folds")
    metrics = {"out_of_fold": few, "test": measured.figures}
    both, alone = (
        card_dict(made_model(measured.class_names, given))["cautions"]
        for given in (metrics, {"test": measured.figures})
    )
    assert both == alone


def test_the_markdown_has_metadata_and_every_heading(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos")
    text = card_markdown(made_model(measured.class_names, {"out_of_fold": measured.figures}))
    _, metadata, body = text.split("---\n", 2)
    assert 'license: "mit"' in metadata
    assert "pipeline_tag: image-classification" in metadata
    headings = [line[3:] for line in body.splitlines() if line.startswith("## ")]
    assert headings == [
        "Model details",
        "Intended use",
        "When not to trust it",
        "Training data",
        "Evaluation",
        "Calibration",
        "Prediction sets",
        "Answering only the surest",
        "Photos of anything else",
        "Groups of photos and fairness",
        "Robustness",
        "Speed",
        "What was not measured",
        "Weights and licences",
        "Versions",
    ]
    assert "- Speed: not measured" in body
    assert f"| accuracy | {measured.figures.accuracy:.1%} |" in body
    for line in body.splitlines():
        if line.startswith("|"):
            assert line.rstrip().endswith("|")


def test_a_model_of_which_nothing_is_known(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", trust=False)
    bare = replace(made_model(measured.class_names, {}), record={})
    card = card_dict(bare)
    for name in ("evaluation", "training_data", "calibration", "prediction_sets", "robustness"):
        assert card[name] == NOT_MEASURED
    text = card_markdown(bare)
    assert text.count("\nnot measured\n") == 10
    assert "model-index" not in text


def test_hostile_names_stay_in_their_cells(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", HOSTILE)
    findings = (Finding("unreadable", "x|y", ("dir/<b>|\n# heading",)),)
    text = card_markdown(made_model(HOSTILE, {"out_of_fold": measured.figures}, findings))
    assert "<script>" not in text
    assert "\x1b" not in text
    assert r"a\|b&lt;script>" in text
    rows = [line for line in text.splitlines() if line.startswith(r"| a\|b")]
    assert [row.replace(r"\|", "").count("|") for row in rows] == [6]


def test_any_number_of_labels(tmp_path: Path) -> None:
    measured = made_label_sets(tmp_path / "photos")
    model = made_model(measured.class_names, {"out_of_fold": measured.figures}, several=True)
    card = card_dict(model)
    assert card["model"]["task"] == "multi-label image classification"
    assert "mean_average_precision" in card["evaluation"]["out_of_fold"]
    text = card_markdown(model)
    assert "| mean average precision |" in text
    assert "any number of" in text


def test_several_licences(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", trust=False)
    model = made_model(measured.class_names, {})
    both = replace(model, record={**model.record, "licences": ["Apache-2.0", "MIT"]})
    assert 'license: other\nlicense_name: "Apache-2.0 AND MIT"' in card_markdown(both)
