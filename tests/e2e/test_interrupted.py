"""Ctrl-C and kill -9 in the middle of a fit, and two fits at once: nothing half-written, and the work goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_batch import run_batch
from trees import left_overs, noise_photos

PHOTOS = 1500

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise_photos(tmp_path_factory.mktemp("many") / "photos", PHOTOS)


def _start(photos: Path, out: Path, cache: Path) -> subprocess.Popen[str]:
    """A fit in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "foveal", "fit", photos, "--out", out, "--effort", "low"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FOVEAL_CACHE": str(cache)},
        start_new_session=True,
    )


def _features_bytes(cache: Path) -> int:
    def sizes() -> Iterator[int]:
        for path in (cache / "features").rglob("*"):
            try:
                yield path.stat().st_size
            except FileNotFoundError:
                continue

    return sum(sizes())


def _rows(cache: Path) -> int:
    (answer,) = run_batch(["cache", "--json"], env={"FOVEAL_CACHE": str(cache)})
    return sum(space["rows"] for space in answer.json()["spaces"] if "backbone" in space["description"])


def _stop_in_the_middle(process: subprocess.Popen[str], cache: Path, number: signal.Signals) -> tuple[str, str]:
    """Wait until some features are kept, then send the signal to the whole group."""
    for _ in range(3000):
        if _features_bytes(cache) > 300_000 or process.poll() is not None:
            break
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, number)
    return process.communicate(timeout=30)


def _fit_again(photos: Path, out: Path, cache: Path) -> Any:
    (answer,) = run_batch(["fit", photos, "--out", out, "--effort", "low", "--json"], env={"FOVEAL_CACHE": str(cache)})
    return answer.json()


def test_ctrl_c(many: Path, warm_cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.foveal"
    process = _start(many, out, warm_cache)
    stdout, stderr = _stop_in_the_middle(process, warm_cache, signal.SIGINT)
    assert process.returncode == 130
    assert stdout == ""
    assert "interrupted: nothing half-written is left, and the next run goes on from the cache" in stderr
    assert "Traceback" not in stderr
    assert not list(tmp_path.glob("*.foveal"))
    assert not left_overs(tmp_path)
    kept = _rows(warm_cache)
    assert 0 < kept < PHOTOS
    assert _fit_again(many, out, warm_cache)["data"]["photos"] == PHOTOS
    # Had the second run begun anew, the rows of the first would be there besides.
    assert _rows(warm_cache) == PHOTOS


def test_kill_9(many: Path, warm_cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.foveal"
    process = _start(many, out, warm_cache)
    _stop_in_the_middle(process, warm_cache, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not list(tmp_path.glob("*.foveal"))
    assert 0 < _rows(warm_cache) < PHOTOS
    assert _fit_again(many, out, warm_cache)["data"]["photos"] == PHOTOS
    assert _rows(warm_cache) == PHOTOS
    assert not left_overs(tmp_path)


def test_two_at_once(many: Path, warm_cache: Path, tmp_path: Path) -> None:
    both = [_start(many, tmp_path / f"{number}.foveal", warm_cache) for number in range(2)]
    for process in both:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr
    assert PHOTOS <= _rows(warm_cache) <= 2 * PHOTOS
    assert len(list(tmp_path.glob("*.foveal"))) == 2
    assert not left_overs(tmp_path)
