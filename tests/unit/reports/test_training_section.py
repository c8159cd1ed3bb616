from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.reports.made_report import made_measured, made_model
from tests.unit.reports.made_training import made_epoch, made_story, made_training
from tests.unit.reports.page import Page

from foveal.evaluation.measured import Measured
from foveal.reports.charts.training_curves import accuracy_curve, loss_curve
from foveal.reports.model_card import card_dict, card_markdown
from foveal.reports.model_html import write_model_html
from foveal.reports.model_report import ModelReport
from foveal.reports.splitting import told as split_told
from foveal.reports.training_section import budget_told, told, training

SPLIT = {"by": "auto", "folds": 5, "groups": 90, "grouped_photos": 4, "linked": {}, "trained": 72, "held_out": 18}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    found = made_measured(tmp_path_factory.mktemp("training") / "photos")
    figures = replace(found.figures, protocol="held out: 60 photos never trained on")
    return replace(found, title="held-out photos", figures=figures)


def _page(measured: Measured, folder: Path, **record: Any) -> tuple[str, Page]:
    model = made_model(measured.class_names, {"held_out": measured.figures})
    model = replace(model, record={**model.record, "split": SPLIT, **record})
    text = write_model_html(ModelReport(model, (measured,)), folder / "m.report.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_the_page_tells_the_training_from_verdict_to_proof(measured: Measured, tmp_path: Path) -> None:
    text, page = _page(measured, tmp_path, training=made_training())
    assert "Training" in [said.strip() for _, said in page.headings]
    for words in (
        "lite0.in1k was trained by the recipe distill, taught by big",
        "The held-out photos also decided when to stop.",
        "Training pays here: 1.5 points more accuracy for 10.0 min, p = 0.040.",
        "100.0% the same class, probabilities off by 3.2e-06",
        "91.5% (89.5% to 93.5%)",
        "6,000 of 3,000,000",
        "the allocator was told to keep memory",
        "Loss per epoch",
        "72 photos trained on, 18 held out; 4 photos stayed together with others",
    ):
        assert words in text, words
    assert "<script>alert" not in text
    assert "big<b>" not in text


def test_of_several_trainings_the_page_tells_of_all_photos(measured: Measured, tmp_path: Path) -> None:
    found = made_training()
    all_photos = {**found["before_after"], "on": "photos, each held out of one of 2 trainings", "photos": 4321}
    all_photos["conclusion"] = "training pays here, over all photos"
    folds = {"count": 2, "differences": [0.015, 0.031], "photos": [2000, 2321]}
    made = {**found, "before_after_folds": all_photos, "folds": folds}
    text, _ = _page(measured, tmp_path, training=made)
    for words in (
        "<b>Training pays here, over all photos.</b>",
        "on the same 4,321 photos: photos, each held out of one of 2 trainings",
        "Fold by fold  +1.5, +3.1 points; the first network is kept.",
        "photos, each held out of one of 2 trainings (4,321)",
        f"{found['before_after']['on']} (",
    ):
        assert words in text, words
    model = made_model(measured.class_names, {"held_out": measured.figures})
    model = replace(model, record={**model.record, "split": SPLIT, "training": made})
    assert card_dict(model)["training"]["before_after"]["photos"] == 4321
    assert "4,321 photos, each held out of one of 2 trainings" in card_markdown(model)


def test_a_model_that_was_not_trained_has_no_such_section(measured: Measured, tmp_path: Path) -> None:
    _, page = _page(measured, tmp_path)
    assert "Training" not in [said.strip() for _, said in page.headings]
    assert training({}) is None
    assert told({}) == []


def test_photos_of_a_test_have_a_row_of_their_own() -> None:
    tested = {**made_story(-0.01, 0.5), "on": "test photos", "photos": 45}
    found = training({"training": made_training(before_after_test=tested)})
    assert found is not None
    assert [row[0] for row in found["paired"].rows] == ["held-out photos (600)", "test photos (45)"]
    assert found["paired"].rows[1][1].startswith("-1.0 points")


def test_a_probe_that_was_kept_tells_what_was_tried(measured: Measured, tmp_path: Path) -> None:
    budget = {
        "asked_s": 600.0,
        "spent_s": 590.0,
        "chosen": "probe",
        "reason": "no more accuracy",
        "before_after": made_story(-0.01, 0.5),
    }
    text, _ = _page(measured, tmp_path, budget=budget)
    assert "9.8 min of 10.0 min were spent, and the frozen probe is kept: no more accuracy" in text
    assert "Training does not pay here" in text
    assert budget_told({}) == ""
    assert training({"budget": {**budget, "before_after": None}}) is None


@pytest.mark.parametrize("epochs", [1, 2, 7])
@pytest.mark.parametrize("held", [True, False])
def test_curves_of_any_length_are_drawn_with_words_for_those_who_do_not_see_them(epochs: int, held: bool) -> None:
    history = [made_epoch(epoch + 1, held=held) for epoch in range(epochs)]
    loss = loss_curve(history, name="a")
    accuracy = accuracy_curve(history, name="b", probe=0.8)
    for drawn, what in ((loss, "loss"), (accuracy, "accuracy")):
        label = re.search(r'aria-label="([^"]*)"', drawn)
        assert label is not None
        assert label.group(1).startswith(f"Line: {what} over {epochs} epochs")
        assert ("held out" in label.group(1)) is held
    assert "frozen probe" in accuracy
    assert "frozen probe" not in loss


def test_the_epochs_stand_in_a_table_too() -> None:
    found = training({"training": made_training()})
    assert found is not None
    assert [row[0] for row in found["epochs"].rows] == ["head 1", "all layers 2", "all layers 3"]
    assert found["epochs"].rows[0][1:5] == ("0.500", "70.0%", "0.400", "80.0%")


def test_the_card_names_recipe_and_teacher(measured: Measured) -> None:
    model = made_model(measured.class_names, {"held_out": measured.figures})
    model = replace(model, record={**model.record, "split": SPLIT, "training": made_training()})
    card = card_dict(model)
    assert card["training"]["recipe"] == "distill"
    assert card["training"]["teacher"] == "big<b>.foveal"
    assert [*card["evaluation"]] == ["held_out"]
    assert card["model"]["settings"]["recipe"] == "distill, on lite0.in1k"
    text = card_markdown(model)
    assert "trained by the recipe distill, taught by big&lt;b>.foveal, for 3 epochs" in text
    assert "Held-out photos: never trained on" in text
    assert "20 gained, 11 lost; training pays here" in text
    assert '"fine-tuned"' in text


def test_a_held_out_split_is_told() -> None:
    assert split_told({**SPLIT, "grouped_photos": 0}) == "72 photos trained on, 18 held out"
