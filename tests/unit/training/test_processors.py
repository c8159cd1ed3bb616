from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training import processors as module  # noqa: E402
from foveal.training.processors import processors, use_processors  # noqa: E402


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of 64 processors whose control group grants what `quota` says."""
    monkeypatch.delenv("FOVEAL_THREADS", raising=False)
    monkeypatch.setattr(module, "threads", lambda: 64)
    for name in ("_QUOTA", "_OLD_QUOTA", "_OLD_PERIOD"):
        monkeypatch.setattr(module, name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 64), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1), ("9900000 100000", 64)],
)
def test_the_quota_of_a_container_counts(machine, quota, expected):
    (machine / "_QUOTA").write_text(quota + "\n")
    assert processors() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 64), ("300000", 3)])
def test_older_control_groups_too(machine, quota, expected):
    (machine / "_OLD_QUOTA").write_text(quota + "\n")
    (machine / "_OLD_PERIOD").write_text("100000\n")
    assert processors() == expected


def test_without_control_groups_the_scheduler_decides(machine):
    assert processors() == 64


def test_the_users_word_goes_above_the_quota(machine, monkeypatch):
    (machine / "_QUOTA").write_text("100000 100000")
    monkeypatch.setenv("FOVEAL_THREADS", "7")
    monkeypatch.setattr(module, "threads", lambda: 7)
    assert processors() == 7


def test_processes_share_the_processors(machine):
    before = torch.get_num_threads()
    (machine / "_QUOTA").write_text("400000 100000")
    try:
        assert (use_processors(share=2), torch.get_num_threads()) == (2, 2)
        assert (use_processors(share=9), torch.get_num_threads()) == (1, 1)
    finally:
        torch.set_num_threads(before)
