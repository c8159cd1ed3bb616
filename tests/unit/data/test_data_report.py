from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from foveal.data.dataset import Dataset
from foveal.data.edits import apply_edits, read_edits
from foveal.data.label_sets import LabelSets
from foveal.data.report import DataReport
from foveal.types.data_finding import DataFinding


def photos(**changes: object) -> Dataset:
    fields: dict[str, object] = {
        "root": Path("photos"),
        "paths": tuple(f"{at}.jpg" for at in range(6)),
        "labels": np.array([0, 0, 0, 1, 1, -1]),
        "class_names": ("cat", "dog"),
        "parts": np.array([0, 0, 0, 0, 0, 2]),
    }
    return Dataset(**{**fields, **changes})  # type: ignore[arg-type]


def finding(code: str, rows: list[int], score: float, **more: object) -> DataFinding:
    return DataFinding(
        code=code, title=f"{len(rows)} photos", score=score, why="because", advice="look", rows=np.array(rows), **more
    )  # type: ignore[arg-type]


FINDINGS = (
    finding("wrong-labels", [0, 3], 0.8, suggested=np.array([1, 0]), scores=np.array([0.9, 0.7])),
    finding("leak", [1, 0], 0.5, others=np.array([2, 2]), notes=("copy of", "copy of")),
    finding("blurred", [5], 0.2),
)


def report(dataset: Dataset) -> DataReport:
    return DataReport(
        dataset=dataset, findings=FINDINGS, readable=6, notes=(), evaluation=None, split={}, seconds={"total": 1.0}
    )


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


def test_every_photo_stands_once_under_its_worst_finding(tmp_path: Path) -> None:
    there = rows(report(photos()).save_quarantine(tmp_path / "quarantine.csv"))
    assert list(there) == ["0.jpg", "3.jpg", "1.jpg", "5.jpg"]
    assert (there["0.jpg"]["action"], there["0.jpg"]["new_label"], there["0.jpg"]["label"]) == ("relabel", "dog", "cat")
    assert (there["1.jpg"]["action"], there["1.jpg"]["note"]) == ("exclude", "copy of 2.jpg")
    assert (there["5.jpg"]["action"], there["5.jpg"]["label"]) == ("keep", "")
    assert there["3.jpg"]["score"] == "0.700"


def test_what_is_written_can_be_applied_as_it_is(tmp_path: Path) -> None:
    file = report(photos()).save_quarantine(tmp_path / "quarantine.csv")
    done = apply_edits(photos(), read_edits(exclude=file, relabel=file))
    assert done.paths == ("0.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg")
    assert done.labels.tolist() == [1, 0, 0, 1, -1]


def test_several_labels_stand_side_by_side(tmp_path: Path) -> None:
    sets = LabelSets.of([[0, 1], [], [0], [1], [1], [0]])
    there = rows(report(photos(labels=np.full(6, -1), label_sets=sets)).save_quarantine(tmp_path / "q.csv"))
    assert (there["0.jpg"]["label"], there["1.jpg"]["label"]) == ("cat|dog", "")


def test_the_report_as_values_and_in_lines() -> None:
    values = report(photos()).to_dict(most=1)
    assert (values["photos"], values["classes"], values["parts"]) == (6, {"cat": 3, "dog": 2}, {"train": 5, "test": 1})
    first = values["findings"][0]
    assert first["count"] == 2
    assert first["photos"] == [{"path": "0.jpg", "score": 0.9, "suggested": "dog"}]
    lines = report(photos()).summary().splitlines()
    assert lines[0].startswith("6 photos, 2 classes")
    assert lines[1].split()[:2] == ["0.80", "wrong-labels"]
    assert report(photos()).finding("blurred") is FINDINGS[2]
    assert report(photos()).finding("dark") is None


def test_a_finding_that_proposes_nothing_hides_none_that_does(tmp_path: Path) -> None:
    found = DataReport(
        dataset=photos(),
        findings=(
            finding("shortcut-format", [0, 1, 2], 0.9),
            finding("wrong-labels", [0, 4, 3], 0.6, suggested=np.array([1, -1, 0]), scores=np.array([0.9, 0.8, 0.3])),
            finding("corrupt-photos", [2], 0.5),
        ),
        readable=6,
        notes=(),
        evaluation=None,
        split={},
        seconds={"total": 1.0},
    )
    there = rows(found.save_quarantine(tmp_path / "quarantine.csv"))
    assert [(path, row["action"], row["finding"]) for path, row in there.items()] == [
        ("1.jpg", "keep", "shortcut-format"),
        ("0.jpg", "relabel", "wrong-labels"),
        ("4.jpg", "keep", "wrong-labels"),
        ("3.jpg", "keep", "wrong-labels"),
        ("2.jpg", "exclude", "corrupt-photos"),
    ]


def test_it_is_shown_in_a_line() -> None:
    assert repr(report(photos())) == "DataReport(6 photos, wrong-labels, leak, blurred)"
    assert repr(FINDINGS[1]) == "DataFinding('leak', '2 photos', score 0.50, 2 photos)"


def test_one_is_not_several() -> None:
    one = report(photos().take(np.array([0])))
    assert one.summary().startswith("1 photo, 2 classes, 6 readable")
