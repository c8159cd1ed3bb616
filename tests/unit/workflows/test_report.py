from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.reports.made_report import HOSTILE, made_label_sets, made_measured, made_model

from foveal.classifier import bundle
from foveal.errors import FovealError
from foveal.reports.model_report import ModelReport
from foveal.workflows.report import card_paths, check_target, render, report_path, write_reports


def test_the_figures_stand_on_the_terminal(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos")
    shown = render(made_model(measured.class_names, {"out_of_fold": measured.figures, "test": measured.figures}))
    for words in (
        f"{measured.figures.accuracy:.1%}",
        "macro F1",
        "test photos, used once",
        "no photos were found that",
    ):
        assert words in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_figures_of_several_labels(tmp_path: Path) -> None:
    measured = made_label_sets(tmp_path / "photos")
    shown = render(made_model(measured.class_names, {"out_of_fold": measured.figures}, several=True))
    assert "mAP" in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_many_classes_are_cut() -> None:
    names = tuple(f"class {number}" for number in range(40))
    assert render(made_model(names, {})).splitlines()[0].endswith("class 11 …")


def test_the_reports_lie_beside_the_model() -> None:
    assert report_path(Path("a/b.foveal")) == Path("a/b.report.html")
    assert report_path(Path("b.v2.foveal")) == Path("b.v2.report.html")
    assert card_paths(Path("a/b.foveal")) == (Path("a/b.card.md"), Path("a/b.card.json"))


def test_page_and_cards_are_written(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", HOSTILE)
    model = made_model(HOSTILE, {"out_of_fold": measured.figures})
    written = write_reports(model, tmp_path / "out" / "m.foveal", ModelReport(model, (measured,)))
    assert [path.name for path in written] == ["m.report.html", "m.card.md", "m.card.json"]
    page, card, values = (path.read_text(encoding="utf-8") for path in written)
    assert "<h1>m: how far it can be trusted</h1>" in page
    assert card.startswith("---\n")
    assert json.loads(values)["model"]["classes"] == [*HOSTILE]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["m.card.json", "m.card.md", "m.report.html"]


def test_files_beside_the_model_are_replaced_only_where_they_are_of_foveal(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos")
    model, path = made_model(HOSTILE, {"out_of_fold": measured.figures}), tmp_path / "m.foveal"
    written = write_reports(model, path, ModelReport(model, (measured,)))
    check_target(path)
    for file in written:
        before = file.read_bytes()
        file.write_text("notes of my own", encoding="utf-8")
        with pytest.raises(FovealError, match=file.name) as caught:
            check_target(path)
        assert caught.value.code == "bad-option"
        file.write_bytes(before)
    check_target(path)


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    measured = made_measured(tmp_path / "photos", trust=False)
    (tmp_path / "file").touch()
    model = made_model(measured.class_names, {})
    with pytest.raises(FovealError) as caught:
        write_reports(model, tmp_path / "file" / "m.foveal", ModelReport(model, (measured,)))
    assert caught.value.code == "cannot-write"


def test_a_model_may_replace_a_model_and_nothing_else(tmp_path: Path) -> None:
    model = bundle.save(replace(made_model(("a", "b"), {}), record={}), tmp_path / "m.foveal")
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "empty").touch()
    for good in (model, tmp_path / "empty", tmp_path / "new", tmp_path / "far" / "away" / "m.foveal"):
        check_target(good)
    assert not (tmp_path / "far").exists()
    for bad, code in (
        (tmp_path, "bad-option"),
        (tmp_path / "notes", "bad-option"),
        (tmp_path / "notes" / "m.foveal", "cannot-write"),
    ):
        with pytest.raises(FovealError) as caught:
            check_target(bad)
        assert caught.value.code == code
