"""Real processes, started as people start them: what several compute is what one computes with the larger batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from safetensors.torch import load_file  # noqa: E402
from tests.unit.training.ranks import two_ranks  # noqa: E402

from foveal.training.ranks.world import World  # noqa: E402

pytestmark = pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")

TORCHRUN = (sys.executable, "-W", "error::FutureWarning", "-m", "torch.distributed.run", "--standalone")
TORCHRUN += ("--nproc-per-node", "2")


def start(folder: Path, what: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TORCHRUN, two_ranks.__file__, str(folder), what],
        env={**os.environ, "OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """What two processes wrote."""
    folder = tmp_path_factory.mktemp("two")
    ran = start(folder, "everything")
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def alone():
    """The same trainings in this process: twice the batch of each of the two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield {frozen: two_ranks.train(World(), frozen=frozen) for frozen in (False, True)}
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("way", "frozen"),
    [("synced", False), ("frozen", True), ("parts", True), ("fsdp", False), ("fsdp parts", True)],
)
def test_two_processes_learn_what_one_learns_with_twice_the_batch(done, alone, way, frozen):
    found = load_file(done / f"{way}.safetensors")
    assert found.keys() == alone[frozen].keys()
    far = {name: float((found[name].double() - value.double()).abs().max()) for name, value in alone[frozen].items()}
    assert max(far.values()) <= 1e-5, far


def test_it_learnt_something_at_all(alone):
    begun = two_ranks.network().state_dict()
    # What is added before a batch norm is subtracted again.
    del begun["0.2.2.bias"]
    moved = {name: float((alone[False][name] - value).abs().max()) for name, value in begun.items()}
    assert min(moved.values()) > 1e-3, moved
    assert not torch.equal(alone[False]["logits"], alone[True]["logits"])


@pytest.mark.parametrize("rank", [0, 1])
def test_what_processes_tell_one_another(done, rank):
    told = json.loads((done / f"told-{rank}.json").read_text())
    assert told == {
        "world": [rank, 2, rank, 2, rank == 0],
        "sum": [2.0, 1.0],
        "agree": [True, False],
        "broadcast": {"rank": 0, "text": "Größe", "many": list(range(1000))},
        "on_main": "written by 0",
        "rows": [[0, 1, 2, 3, 5, 6], [[row * 1.5, -row] for row in (0, 1, 2, 3, 5, 6)]],
        "some": [[3, 4], [3, 4]],
        "started": 0.0,
    }


@pytest.mark.parametrize("rank", [0, 1])
def test_what_the_first_cannot_do_stops_all(done, rank):
    assert json.loads((done / f"refused-{rank}.json").read_text()) == ["disk-full", "make some"]


def test_a_killed_process_ends_the_job_with_a_clear_word(tmp_path):
    ran = start(tmp_path, "kill")
    assert ran.returncode != 0
    code, said, when = json.loads((tmp_path / "lost.json").read_text())
    assert code == "rank-lost"
    assert "rank 0 of 2: expected every process of the job to answer, got: " in said
    assert said.endswith("then start the same command again with --resume")
    assert when - float((tmp_path / "killed").read_text()) < 60
    assert time.time() - when < 60
    assert "terminate called" not in ran.stderr
