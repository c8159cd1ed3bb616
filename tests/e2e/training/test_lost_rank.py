"""One process of two is killed: the other says so and ends, and torchrun goes on from there to the same weights."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.e2e.training.tiny_processes import PATIENCE_S, ROOT, SCRIPT, start_two  # noqa: E402

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL"),
    pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo"),
]

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
KILLED_AT = 9


def checkpointed(folder: Path) -> int:
    """Steps that are in the log; each few are followed by a checkpoint."""
    path = folder / "log.jsonl"
    return path.read_text().count('"step"') if path.is_file() else 0


def with_torchrun(folder: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [*TORCHRUN, str(SCRIPT), str(folder), "8"],
        env={**os.environ, "PYTHONPATH": paths, "FOVEAL_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )


def test_a_lost_process_is_told_and_the_job_goes_on_from_its_checkpoint(tmp_path, capfd):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first, second = start_two(broken, "8", "0.1")
    until = time.monotonic() + PATIENCE_S
    while checkpointed(broken) < KILLED_AT and first.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    second.send_signal(signal.SIGKILL)
    assert second.wait(PATIENCE_S) == -signal.SIGKILL
    lost_at = time.monotonic()
    assert first.wait(60) == 1
    assert time.monotonic() - lost_at < 60
    told = capfd.readouterr().err
    assert "rank 0 of 2: expected every process of the job to answer, got: " in told
    assert "[rank-lost]" in told
    assert "terminate called" not in told
    assert (broken / "last.safetensors").is_file()
    assert not (broken / "done_0.npz").exists()

    again = with_torchrun(broken)
    assert again.returncode == 0, again.stderr
    assert [each.wait(PATIENCE_S) for each in start_two(whole, "8")] == [0, 0]
    with np.load(whole / "done_0.npz") as expected, np.load(broken / "done_0.npz") as got:
        assert expected.files == got.files
        for name in expected.files:
            np.testing.assert_array_equal(got[name], expected[name], err_msg=name)
