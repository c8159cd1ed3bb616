from __future__ import annotations

from pathlib import Path

import pytest

from foveal.training.photos.free_memory import free_memory, memory_for_pictures

GB = 2**30


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


SYSTEM = {"proc/meminfo": f"MemTotal: {64 * 2**20} kB\nMemAvailable:   {32 * 2**20} kB\n"}


def test_without_limits_it_is_what_the_system_has(tmp_path: Path) -> None:
    assert free_memory(_write(tmp_path, SYSTEM)) == 32 * GB


def test_the_group_of_a_container_counts(tmp_path: Path) -> None:
    group = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": f"{8 * GB}\n",
        "sys/fs/cgroup/memory.current": f"{3 * GB}\n",
        "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {GB}\nactive_file 9\n",
    }
    assert free_memory(_write(tmp_path, SYSTEM | group)) == 6 * GB


def test_the_tightest_of_nested_groups_counts(tmp_path: Path) -> None:
    group = {
        "proc/self/cgroup": "0::/user/job\n",
        "sys/fs/cgroup/user/job/memory.max": "max\n",
        "sys/fs/cgroup/user/job/memory.current": "100\n",
        "sys/fs/cgroup/user/memory.max": f"{2 * GB}\n",
        "sys/fs/cgroup/user/memory.current": f"{GB}\n",
    }
    assert free_memory(_write(tmp_path, SYSTEM | group)) == GB


def test_groups_of_the_first_version_count(tmp_path: Path) -> None:
    group = {
        "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{4 * GB}",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GB}",
        "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 1024\n",
    }
    assert free_memory(_write(tmp_path, SYSTEM | group)) == 3 * GB + 1024


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    group = {
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": "100",
        "sys/fs/cgroup/memory.current": "300",
    }
    assert free_memory(_write(tmp_path, SYSTEM | group)) == 0


def test_a_system_that_says_nothing_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_memory(tmp_path) > 0
    monkeypatch.delattr("os.sysconf", raising=False)
    assert free_memory(tmp_path) == 4 * GB


def test_here_pictures_get_a_quarter_divided_by_the_processes() -> None:
    one, four = memory_for_pictures(), memory_for_pictures(4)
    assert 0 < four < one < free_memory() / 2
