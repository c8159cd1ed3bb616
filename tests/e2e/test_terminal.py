"""Progress on a terminal and elsewhere, and output into a pipe whose reader goes away."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from trees import noise_photos

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and terminals of POSIX")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_photos(tmp_path_factory.mktemp("enough") / "photos", 1200)


def _on_a_terminal(command: list[str], env: dict[str, str]) -> tuple[int, str, str]:
    """Run with stderr on a pseudo-terminal; exit code, stdout and what the terminal got."""
    import pty

    ours, theirs = pty.openpty()
    shown = b""
    with tempfile.TemporaryFile("w+") as out:
        with subprocess.Popen(command, stdout=out, stderr=theirs, env=env) as process:
            os.close(theirs)
            while block := _read(ours):
                shown += block
            code = process.wait(timeout=60)
        os.close(ours)
        out.seek(0)
        return code, out.read(), shown.decode(errors="replace")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_a_terminal_shows_a_bar(many: Path, model: Path) -> None:
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    command = [sys.executable, "-W", "error", "-m", "foveal", "predict", str(model), str(many), "--no-cache", "--json"]
    code, stdout, shown = _on_a_terminal(command, env)
    assert code == 0, shown
    assert stdout.startswith("{")
    assert "images/s" in shown
    assert "/1200" in shown
    assert "Traceback" not in shown
    code, _, shown = _on_a_terminal([*command, "--quiet"], env)
    assert (code, shown) == (0, "")


def test_elsewhere_there_are_plain_lines(many: Path, model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foveal", "predict", str(model), str(many), "--no-cache", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "FORCE_COLOR": "1"},
        check=False,
    )
    assert done.returncode == 0
    assert "\x1b" not in done.stderr
    assert all("images/s" in line for line in done.stderr.splitlines())


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_a_reader_that_goes_away(photos: Path, model: Path, form: list[str]) -> None:
    command = [sys.executable, "-m", "foveal", "predict", str(model), str(photos), *form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        stderr = process.stderr.read()
        code = process.wait(timeout=60)
    assert stderr == ""
    assert code == 0
