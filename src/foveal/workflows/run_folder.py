"""The run folder of a training, beside the model: free, unfinished or done, and what it was begun with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.errors import FovealError
from foveal.storage import cannot_write, write_atomically

_STATE = "run.json"
# As `foveal.training.checkpoint` calls the one to go on from.
_CHECKPOINT = "last.safetensors"
_CHECKPOINTS = (_CHECKPOINT, ".last.safetensors.part", "best.safetensors", ".best.safetensors.part")
_LOGS = ("log.csv", "log.jsonl")
_BOARD = "tensorboard"

FOLD_RESULT = "held-out.npz"
"""In the run folder of one of several trainings over folds: what it said of the photos it held out."""


def run_folder(model: Path) -> Path:
    """Where the run folder of a model file is: beside it."""
    return model.with_name(f"{model.stem}.train")


def folds_folder(run: Path) -> Path:
    """Where the run folders of trainings over folds are, all but that of the last, which is `run`: beside it."""
    run = run.absolute()  # "." has no name
    return run.with_suffix(".folds") if run.suffix == ".train" else run.with_name(f"{run.name}.folds")


def check_run_folder(folder: Path, *, resume: bool) -> None:
    """Refuse a run folder that cannot be begun in, or gone on from, before the work is done rather than after.

    Args:
        folder: The folder.
        resume: Whether a training is to go on in it.

    Raises:
        FovealError: `run-exists`: an unfinished training is in it, or something else. `no-run`: there is none to go on
            with.
    """
    state = _state(folder)
    if resume and state.get("state") != "running":
        got, others = "a finished one" if state else "none", folds_folder(folder)
        hint = f"trainings over folds wait in {others}: give --folds as well" if folds_wait(others) else ""
        raise FovealError(
            "no-run",
            f"--resume: expected an unfinished training in {folder}, got {got}",
            hint=hint or "leave --resume out to train from the beginning",
        )
    if not resume and is_unfinished(folder):
        raise FovealError(
            "run-exists",
            f"{folder}: expected no unfinished training, got one begun {state.get('begun', 'earlier')}",
            hint="go on with --resume, or remove that folder to begin anew",
        )
    if not resume and not state and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FovealError(
            "run-exists",
            f"{folder}: expected a new folder or one of an earlier training, got something else",
            hint="choose another name for --out, or move that away",
        )


def is_begun(folder: Path) -> bool:
    """Whether a training was begun in the folder and not finished, with a checkpoint or without.

    Args:
        folder: The folder.
    """
    return _state(folder).get("state") == "running"


def is_unfinished(folder: Path) -> bool:
    """Whether a training in the folder waits to be gone on with.

    One that was interrupted before its first checkpoint has nothing to lose, and does not count.

    Args:
        folder: The folder.
    """
    return is_begun(folder) and (folder / _CHECKPOINT).exists()


def folds_wait(others: Path) -> bool:
    """Whether trainings over folds wait to be gone on with: one is done, or has a checkpoint.

    Args:
        others: As `folds_folder` names it.
    """
    return is_begun(others) and any((each / FOLD_RESULT).exists() or is_unfinished(each) for each in others.glob("*"))


def unfinished(folder: Path, *, folds: bool) -> Path | None:
    """Where a training waits to be gone on with; None where none does.

    Args:
        folder: The run folder of the training that is kept.
        folds: Whether it is one of several over folds.
    """
    if folds:
        return folds_folder(folder) if folds_wait(folds_folder(folder)) else None
    return folder if is_unfinished(folder) else None


def begin(folder: Path, begun_with: Mapping[str, Any], *, begun: str, resume: bool) -> None:
    """Make the folder ready; what a finished training wrote into it is removed, and nothing else.

    Args:
        folder: The folder.
        begun_with: What decides about the training, JSON-able; one that goes on must have begun with the same.
        begun: When, for people.
        resume: Whether a training goes on.

    Raises:
        FovealError: `run-differs`: it was begun with something else. `cannot-write`.
    """
    if resume:
        _check_same(folder, _state(folder).get("begun_with", {}), begun_with)
        return
    try:
        if _state(folder):
            _clear(folder)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    _write(folder, {"state": "running", "begun": begun, "begun_with": dict(begun_with)})


def drop_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a training that is done and whose network nobody needs; its logs stay.

    Args:
        folder: The run folder.
    """
    for name in _CHECKPOINTS:
        (folder / name).unlink(missing_ok=True)


def remove_run(folder: Path) -> None:
    """Remove what a training wrote into a folder, and the folder if nothing else is in it.

    Args:
        folder: The run folder; one of somebody's own is left as it is.
    """
    if _state(folder):
        _clear(folder)
        if not any(folder.iterdir()):
            folder.rmdir()


def finish(folder: Path) -> None:
    """Remember that the training in the folder is done.

    Raises:
        FovealError: `cannot-write`.
    """
    _write(folder, {**_state(folder), "state": "finished"})


def _check_same(folder: Path, before: Mapping[str, Any], begun_with: Mapping[str, Any]) -> None:
    now = json.loads(json.dumps(begun_with))
    other = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    if other:
        told = "; ".join(f"{key} {before.get(key)!r}, now {now.get(key)!r}" for key in other[:5])
        raise FovealError(
            "run-differs",
            f"--resume: expected what the training in {folder} was begun with, got another: {told}",
            hint="give the same options and photos, or train from the beginning without --resume",
        )


def _clear(folder: Path) -> None:
    """Remove what a training writes; anything else in the folder is somebody's own."""
    for name in (_STATE, *_CHECKPOINTS, *_LOGS, FOLD_RESULT):
        (folder / name).unlink(missing_ok=True)
    if (folder / _BOARD).is_dir():
        shutil.rmtree(folder / _BOARD)


def _state(folder: Path) -> dict[str, Any]:
    """What `begin` wrote; other programs call files of theirs run.json too."""
    try:
        found = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "begun_with" in found else {}


def _write(folder: Path, values: Mapping[str, Any]) -> None:
    with write_atomically(folder / _STATE) as file:
        file.write(json.dumps(values, indent=1).encode())
