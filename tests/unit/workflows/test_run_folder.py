from __future__ import annotations

import json
from pathlib import Path

import pytest

from foveal.errors import FovealError
from foveal.workflows.run_folder import (
    FOLD_RESULT,
    begin,
    check_run_folder,
    drop_checkpoints,
    finish,
    folds_folder,
    folds_wait,
    is_unfinished,
    remove_run,
    run_folder,
)

WITH = {"recipe": "head", "seed": 0, "with": []}


def _code(folder: Path, *, resume: bool) -> str:
    with pytest.raises(FovealError) as caught:
        check_run_folder(folder, resume=resume)
    return caught.value.code


def _begun(folder: Path) -> Path:
    begin(folder, WITH, begun="2026-01-01", resume=False)
    (folder / "last.safetensors").write_bytes(b"weights")
    return folder


def test_it_stands_beside_the_model() -> None:
    assert run_folder(Path("models/clothes.foveal")) == Path("models/clothes.train")


def test_a_new_folder_may_be_begun_in_and_not_gone_on_from(tmp_path: Path) -> None:
    check_run_folder(tmp_path / "new", resume=False)
    assert _code(tmp_path / "new", resume=True) == "no-run"


def test_an_unfinished_training_is_gone_on_with_or_refused(tmp_path: Path) -> None:
    folder = _begun(tmp_path / "a.train")
    check_run_folder(folder, resume=True)
    assert _code(folder, resume=False) == "run-exists"
    assert is_unfinished(folder)
    finish(folder)
    assert not is_unfinished(folder)


def test_one_that_was_interrupted_before_its_first_checkpoint_is_begun_anew(tmp_path: Path) -> None:
    begin(tmp_path / "a", WITH, begun="2026-01-01", resume=False)
    check_run_folder(tmp_path / "a", resume=False)
    check_run_folder(tmp_path / "a", resume=True)
    assert not is_unfinished(tmp_path / "a")


def test_a_finished_training_gives_way_to_a_new_one(tmp_path: Path) -> None:
    folder = _begun(tmp_path / "a.train")
    finish(folder)
    check_run_folder(folder, resume=False)
    assert _code(folder, resume=True) == "no-run"
    begin(folder, WITH, begun="2026-01-02", resume=False)
    assert [each.name for each in folder.iterdir()] == ["run.json"]


def test_other_files_are_never_removed(tmp_path: Path) -> None:
    folder = tmp_path / "a.train"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"photo")
    assert _code(folder, resume=False) == "run-exists"
    (tmp_path / "file").write_text("x")
    assert _code(tmp_path / "file", resume=False) == "run-exists"


def test_what_others_put_into_a_run_folder_outlives_the_next_training(tmp_path: Path) -> None:
    folder = _begun(tmp_path / "a.train")
    finish(folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "tensorboard").mkdir()
    (folder / "tensorboard" / "events").write_bytes(b"x")
    begin(folder, WITH, begun="2026-01-02", resume=False)
    assert sorted(each.name for each in folder.iterdir()) == ["notes.txt", "run.json"]


def test_a_run_json_of_another_program_makes_no_run_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a.train"
    folder.mkdir()
    (folder / "run.json").write_text('{"id": 7}')
    assert _code(folder, resume=False) == "run-exists"
    assert _code(folder, resume=True) == "no-run"


def test_going_on_with_other_options_is_refused_and_names_them(tmp_path: Path) -> None:
    folder = _begun(tmp_path / "a.train")
    begin(folder, WITH, begun="later", resume=True)
    with pytest.raises(FovealError) as caught:
        begin(folder, {**WITH, "seed": 1}, begun="later", resume=True)
    assert caught.value.code == "run-differs"
    assert "seed 0, now 1" in caught.value.message
    assert json.loads((folder / "run.json").read_text())["begun"] == "2026-01-01"


def test_a_damaged_state_counts_as_none(tmp_path: Path) -> None:
    folder = _begun(tmp_path / "a.train")
    (folder / "run.json").write_text("[")
    assert _code(folder, resume=True) == "no-run"
    assert _code(folder, resume=False) == "run-exists"


def test_folds_stand_beside_the_run_under_its_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folds_folder(tmp_path / "clothes.train") == tmp_path / "clothes.folds"
    assert folds_folder(tmp_path / "v1.0") == tmp_path / "v1.0.folds"
    assert folds_folder(tmp_path / "x.folds") == tmp_path / "x.folds.folds"
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert folds_folder(Path()) == tmp_path / "here.folds"


def test_folds_wait_while_one_is_done_or_has_a_checkpoint(tmp_path: Path) -> None:
    others = folds_folder(tmp_path / "a.train")
    assert not folds_wait(others)
    begin(others, WITH, begun="2026-01-01", resume=False)
    begin(others / "2", WITH, begun="2026-01-01", resume=False)
    assert not folds_wait(others)
    (others / "2" / FOLD_RESULT).write_bytes(b"said")
    assert folds_wait(others)
    (others / "2" / FOLD_RESULT).unlink()
    _begun(others / "3")
    assert folds_wait(others)
    with pytest.raises(FovealError, match=r"expected an unfinished training in .*, got none") as caught:
        check_run_folder(tmp_path / "a.train", resume=True)
    assert "--folds" in caught.value.hint
    finish(others)
    assert not folds_wait(others)


def test_what_nobody_needs_is_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = _begun(tmp_path / "a")
    (folder / "best.safetensors").touch()
    (folder / "log.csv").touch()
    drop_checkpoints(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["log.csv", "run.json"]
    (folder / "mine.txt").touch()
    remove_run(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    remove_run(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    remove_run(_begun(tmp_path / "b"))
    assert not (tmp_path / "b").exists()
