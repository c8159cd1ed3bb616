from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from foveal.data.dataset import Dataset
from foveal.data.edits import Edits, apply_edits, read_edits
from foveal.data.label_sets import LabelSets
from foveal.data.report import DataReport
from foveal.errors import FovealError
from foveal.types.data_finding import DataFinding


def photos(**changes: object) -> Dataset:
    fields: dict[str, object] = {
        "root": Path("photos"),
        "paths": ("cat/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/4.jpg"),
        "labels": np.array([0, 0, 1, 1]),
        "class_names": ("cat", "dog"),
        "parts": np.zeros(4, np.int8),
    }
    return Dataset(**{**fields, **changes})  # type: ignore[arg-type]


def named(dataset: Dataset) -> dict[str, str]:
    return {path: dataset.class_names[label] for path, label in zip(dataset.paths, dataset.labels, strict=True)}


def test_one_file_for_both(tmp_path: Path) -> None:
    file = tmp_path / "quarantine.csv"
    file.write_text(
        "\ufeffpath,action,new_label,label\ncat/1.jpg,exclude,,cat\ncat/2.jpg,relabel,ant,cat\ndog/3.jpg,keep,cat,dog\n\n",
        encoding="utf-8",
    )
    edits = read_edits(exclude=file, relabel=file)
    assert (edits.exclude, edits.relabel) == ({"cat/1.jpg"}, {"cat/2.jpg": "ant"})
    done = apply_edits(photos(), edits)
    assert named(done) == {"cat/2.jpg": "ant", "dog/3.jpg": "dog", "dog/4.jpg": "dog"}
    assert done.class_names == ("ant", "dog")
    assert (done.edits["excluded"], done.edits["relabelled"]) == (1, 1)
    assert [each["name"] for each in done.edits["files"]] == ["quarantine.csv"]
    assert len(done.edits["files"][0]["sha256"]) == 64


def test_a_list_of_paths_and_a_plain_relabelling(tmp_path: Path) -> None:
    out, new = tmp_path / "out.txt", tmp_path / "new.csv"
    out.write_text("dog/3.jpg\ndog/4.jpg\n")
    new.write_text("path,label\ncat/1.jpg,dog\n")
    done = apply_edits(photos(), read_edits(exclude=out, relabel=new))
    assert named(done) == {"cat/1.jpg": "dog", "cat/2.jpg": "cat"}


def test_several_labels() -> None:
    sets = LabelSets.of([[0], [0, 1], [], [1]])
    dataset = photos(labels=np.full(4, -1), label_sets=sets)
    done = apply_edits(dataset, Edits(frozenset(), {"dog/3.jpg": "ant|dog"}))
    assert done.class_names == ("ant", "cat", "dog")
    assert done.targets().tolist() == [[0, 1, 0], [0, 1, 1], [1, 0, 1], [0, 0, 1]]
    fewer = apply_edits(dataset, Edits(frozenset({"cat/2.jpg", "dog/4.jpg"}), {}))
    assert fewer.class_names == ("cat",)
    assert fewer.targets().tolist() == [[1], [0]]


def test_paths_that_are_not_there() -> None:
    done = apply_edits(photos(), Edits(frozenset({"cat/1.jpg", "gone.jpg"}), {}))
    assert [finding.code for finding in done.findings] == ["edit-without-photo"]
    assert done.findings[0].paths == ("gone.jpg",)
    with pytest.raises(FovealError, match=r"got gone\.jpg") as caught:
        apply_edits(photos(), Edits(frozenset({"gone.jpg"}), {}))
    assert caught.value.code == "edits-mismatch"
    assert "cat/1.jpg" in caught.value.hint


def test_no_decisions_change_nothing() -> None:
    done = apply_edits(photos(), Edits(frozenset(), {}))
    assert named(done) == named(photos())


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("path,action,new_label\ncat/1.jpg,remove,ant\n", "'remove' in line 2"),
        ("file,label\ncat/1.jpg,dog\n", "the columns file, label"),
        ("path,new_label\ncat/1.jpg,\n", "none in line 2"),
        ("path\ncat/1.jpg\n", "the columns path"),
        ("", "got nothing"),
        ("path,new_label\ncat/1.jpg,dog\n".encode("utf-16"), "a column called path"),
        ("action,path,new_label\nrelabel\n", "none in line 2"),
        ("path,action,new_label\ncat/1.jpg\n", "'' in line 2"),
        (f"path,new_label\n{'x' * 200_000},dog\n", "a CSV file"),
    ],
)
def test_files_that_say_something_else(tmp_path: Path, content: str | bytes, what: str) -> None:
    file = tmp_path / "edits.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FovealError, match=what) as caught:
        read_edits(relabel=file)
    assert caught.value.code == "bad-edits"


def test_a_missing_file_and_photos_without_labels(tmp_path: Path) -> None:
    with pytest.raises(FovealError) as caught:
        read_edits(exclude=tmp_path / "gone.csv")
    assert caught.value.code == "not-found"
    plain = photos(labels=np.full(4, -1), class_names=())
    with pytest.raises(FovealError, match="without labels"):
        apply_edits(plain, Edits(frozenset(), {"cat/1.jpg": "dog"}))


def test_names_of_any_bytes_come_back_from_a_quarantine_and_from_a_list(tmp_path: Path) -> None:
    names = ("a.jpg", "caf\udce9.jpg", "x\x85y.jpg", "\ud800.jpg", "four.jpg")
    dataset = Dataset(Path("photos"), names, np.array([0, 0, 0, 1, 1]), ("cat", "dog"), np.zeros(5, int))
    found = DataFinding(code="corrupt-photos", title="t", score=1, why="w", advice="a", rows=np.array([1, 2, 3]))
    written = DataReport(
        dataset=dataset, findings=(found,), readable=2, notes=(), evaluation=None, split={}, seconds={"total": 1.0}
    ).save_quarantine(tmp_path / "quarantine.csv")
    assert read_edits(exclude=written).exclude == set(names[1:4])
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.jpg\r\nx\xc2\x85y.jpg\r\n")
    assert read_edits(exclude=tmp_path / "list.txt").exclude == set(names[1:3])


def test_one_file_for_both_must_say_which_is_which(tmp_path: Path) -> None:
    file = tmp_path / "edits.csv"
    file.write_text("path,new_label\ncat/1.jpg,dog\n")
    assert read_edits(relabel=file).relabel == {"cat/1.jpg": "dog"}
    with pytest.raises(FovealError, match="a column called action") as caught:
        read_edits(exclude=file, relabel=file)
    assert caught.value.code == "bad-edits"


def test_what_a_spreadsheet_saved_again(tmp_path: Path) -> None:
    file = tmp_path / "edits.csv"
    file.write_text("\ufeffpath;action;new_label\r\ncat/1.jpg;exclude;\r\n;;\r\ncat/2.jpg;relabel;dog\r\n;;\r\n")
    edits = read_edits(exclude=file, relabel=file)
    assert (edits.exclude, edits.relabel) == ({"cat/1.jpg"}, {"cat/2.jpg": "dog"})


@pytest.mark.parametrize("name", ["list.txt", "list"])
def test_a_comma_in_the_first_path_of_a_list(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("cat/1, 2.jpg\ndog/3.jpg\n")
    assert read_edits(exclude=tmp_path / name).exclude == {"cat/1, 2.jpg", "dog/3.jpg"}
