"""Killed by SIGKILL wherever it happens to be, a training goes on and ends with the very same weights."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.e2e.training.tiny_processes import PATIENCE_S, start

STEPS = 6 + 21
KILLED_AT = (4, 13)


def steps_logged(folder: Path) -> int:
    path = folder / "log.jsonl"
    return path.read_text().count('"step"') if path.is_file() else 0


def killed(folder: Path, at: int) -> None:
    """Start the training, and kill it once it has logged so many steps."""
    process = start(folder, "8", "0.05")
    until = time.monotonic() + PATIENCE_S
    try:
        while steps_logged(folder) < at and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        code = process.wait()
    assert code == -signal.SIGKILL
    assert at <= steps_logged(folder) < STEPS


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_twice_it_ends_with_the_same_weights(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    uninterrupted = start(whole, "8")
    for at in KILLED_AT:
        killed(broken, at)
    assert uninterrupted.wait(PATIENCE_S) == 0
    assert start(broken, "8").wait(PATIENCE_S) == 0

    with np.load(whole / "done_0.npz") as expected, np.load(broken / "done_0.npz") as got:
        assert expected.files == got.files
        for name in expected.files:
            np.testing.assert_array_equal(expected[name], got[name], err_msg=name)
    for folder in (whole, broken):
        lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        assert [line["at"] for line in lines if line["kind"] == "step"] == [*range(1, STEPS + 1)]
        assert [line["at"] for line in lines if line["kind"] == "epoch"] == [6, 12, 18, 24, 27]
        assert len((folder / "log.csv").read_text().splitlines()) == 6
        assert not [*folder.glob(".*.part")]
