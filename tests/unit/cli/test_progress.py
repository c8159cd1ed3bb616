from __future__ import annotations

import itertools
import re

import pytest

from foveal.cli.progress import PhotoProgress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is a second later."""
    ticks = itertools.count()
    monkeypatch.setattr("foveal.cli.progress.time.monotonic", lambda: float(next(ticks)))


@pytest.mark.usefixtures("clock")
def test_lines_every_ten_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with PhotoProgress("looking", quiet=False) as progress:
        for done in range(1, 26):
            progress(done * 40, 1000)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 3
    assert all(re.fullmatch(r"looking: [\d,]+ of 1,000, [34]\d images/s, \d+ s left", line) for line in lines)
    assert lines[-1].startswith("looking: 1,000 of 1,000")
    assert lines[-1].endswith(" 0 s left")


@pytest.mark.usefixtures("clock")
def test_slow_work_is_not_said_to_stand_still(capsys: pytest.CaptureFixture[str]) -> None:
    with PhotoProgress("explaining", quiet=False) as progress:
        for tick in range(31):
            progress(tick // 10, 3)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "explaining: 0 of 3"
    assert len(lines) == 4
    assert all(", 0.1 images/s, " in line for line in lines[1:]), lines


@pytest.mark.usefixtures("clock")
def test_quiet_and_nothing_to_do_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet, total in ((True, 100), (False, 0)):
        with PhotoProgress("looking", quiet=quiet) as progress:
            for done in range(30):
                progress(done, total)
    assert capsys.readouterr().err == ""


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with PhotoProgress("looking", quiet=False) as progress:
        progress(10, 10)
    assert capsys.readouterr().err == ""
