from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from foveal.cli import train_progress
from foveal.cli.train_progress import TrainProgress, epoch_line, said_time, step_line


def _row(**changes: Any) -> dict[str, Any]:
    row = {
        "phase": "all layers",
        "epoch": 2,
        "train_loss": 0.5,
        "train_accuracy": 0.8,
        "held_loss": 0.4,
        "held_accuracy": 0.9,
        "images_per_s": 41.7,
        "seconds": 75.0,
    }
    return {**row, **changes}


def _step(step: int = 3) -> Any:
    figures = {"loss": 0.4321, "accuracy": 0.5, "images_per_s": 41.2, "seconds_left": 125.0}
    return SimpleNamespace(phase="head", epoch=1, epochs=4.0, step=step, steps=10, **figures)


def test_an_epoch_is_a_line_with_both_parts() -> None:
    said = "all layers, epoch 2: loss 0.500, accuracy 80.0%; held out: loss 0.400, accuracy 90.0% (42 images/s, 1:15)"
    assert epoch_line(_row()) == said
    assert "held out" not in epoch_line(_row(held_loss=None, held_accuracy=None))
    assert epoch_line(_row(images_per_s=None)).endswith("accuracy 90.0% (1:15)")


def test_a_step_says_where_it_stands_and_how_long_it_takes() -> None:
    said = "head, epoch 1 of 4, step 3 of 10: loss 0.432, accuracy 50.0%, 41 images/s, 2:05 left"
    assert step_line(_step()) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0:00"), (75, "1:15"), (3725, "1:02:05"), (float("inf"), "?")])
def test_times_are_said_as_on_a_clock(seconds: float, said: str) -> None:
    assert said_time(seconds) == said


def test_without_a_terminal_epochs_and_notes_are_lines_and_steps_come_seldom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(train_progress.time, "monotonic", lambda: now[0])
    with TrainProgress(quiet=False) as progress:
        progress(SimpleNamespace(text="memory is kept"))
        progress(SimpleNamespace(text="memory is kept"))
        progress(_step(1))
        progress(_step(2))
        now[0] += 11
        progress(_step(3))
        progress(SimpleNamespace(row=_row()))
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["note: memory is kept", step_line(_step(3)), epoch_line(_row())]


def test_on_a_terminal_epochs_stay_when_the_live_line_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_progress.sys.stderr, "isatty", lambda: True)
    with TrainProgress(quiet=False) as progress:
        progress(_step())
        progress(SimpleNamespace(row=_row()))
        progress(_step(4))
    assert epoch_line(_row()) in capsys.readouterr().err


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainProgress(quiet=True) as progress:
        progress(_step())
        progress(SimpleNamespace(row=_row()))
        progress(SimpleNamespace(text="a note"))
    assert capsys.readouterr().err == ""
