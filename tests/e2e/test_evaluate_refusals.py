"""What `foveal evaluate`, `fit` and `compare` must not pass over in silence, through the real command line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from cli_batch import Answer, run_batch

import foveal


@pytest.fixture(scope="module")
def several(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of photos with any number of labels each, beside `several.foveal`, a model fitted on it."""
    table = tmp_path_factory.mktemp("several") / "table.csv"
    paths = sorted(photos.rglob("*.jpg"))
    with table.open("w", newline="") as file:
        rows = [
            (path, "|".join([path.parent.name, *(["odd"] if number % 2 else [])])) for number, path in enumerate(paths)
        ]
        csv.writer(file).writerows([("path", "labels"), *rows])
    (fitted,) = run_batch(["fit", table, "--out", table.with_name("several.foveal"), "--quiet"])
    assert fitted.code == 0, fitted.err
    return table


def _refused(answer: Answer, code: str, *said: str) -> None:
    assert answer.code == 1
    assert f"[{code}]" in answer.err
    assert all(each in answer.err for each in said), answer.err
    assert answer.out == ""


def test_promises_that_a_model_cannot_make_are_refused(photos: Path, several: Path) -> None:
    model = several.with_name("several.foveal")
    answers = run_batch(
        ["evaluate", model, several, "--coverage", "0.95"],
        ["evaluate", model, several, "--coverage", "0.9", "--max-error", "0.02"],
        ["fit", several, "--out", several.with_name("more.foveal"), "--evidence"],
    )
    _refused(answers[0], "bad-option", "--coverage: expected", "leave it out")
    _refused(answers[1], "bad-option", "--coverage, --max-error: expected", "leave them out")
    _refused(answers[2], "bad-option", "--evidence")
    assert not several.with_name("more.foveal").exists()


def test_a_table_without_columns_to_slice_by_is_refused(photos: Path, model: Path, several: Path) -> None:
    (answer,) = run_batch(["evaluate", model, photos, "--slices-from", several])
    _refused(answer, "bad-option", "--slices-from", "--slices")


def test_photos_that_were_learnt_from_are_pointed_out(photos: Path, model: Path, tmp_path: Path) -> None:
    fewer = tmp_path / "fewer"
    shutil.copytree(photos, fewer)
    next(fewer.rglob("*.jpg")).unlink()
    page = tmp_path / "page.html"
    own, other, compared = run_batch(
        ["evaluate", model, photos, "--json", "--html", page],
        ["evaluate", model, fewer, "--json"],
        ["compare", model, model, photos, "--json"],
    )
    assert [each["code"] for each in json.loads(own.out)["findings"]] == ["test-photo-learnt"]
    text = page.read_text(encoding="utf-8")
    assert "These figures flatter it" in text
    assert f"<title>{model.stem}: " in text
    assert json.loads(other.out)["findings"] == []
    (found,) = json.loads(compared.out)["findings"]
    assert found["message"].startswith(f"{model}: these are")


def test_one_column_may_be_named_as_text(photos: Path, model: Path, several: Path) -> None:
    (light,) = {each["column"] for each in foveal.evaluate(model, photos, slices="light").slices}
    (labels,) = {
        each["column"] for each in foveal.evaluate(model, photos, slices=["labels"], slices_from=several).slices
    }
    assert (light, labels) == ("light", "labels")
