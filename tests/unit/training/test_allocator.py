from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.allocator import keep_memory

ON_GLIBC = sys.platform.startswith("linux") and "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {})
CODE = """
import resource, sys
import torch
from foveal.training.allocator import keep_memory
if sys.argv[1] == "kept":
    print(keep_memory())
def step():
    held = [torch.ones(10_000_000) for _ in range(2)]
for _ in range(9):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(how: str, **environment: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run(
        [sys.executable, "-c", CODE, how],
        env={**kept, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(not ON_GLIBC, reason="only glibc gives memory back so eagerly")
def test_a_step_takes_no_new_pages_once_memory_is_kept():
    (as_it_comes,) = run("as it comes")
    said, kept = run("kept")
    assert said.startswith("freed memory is kept for the next step")
    # 10 tensors of 40 MB: nothing but new pages as it comes, of 4 kB or of 2 MB.
    assert int(as_it_comes) >= 180
    assert int(kept) < int(as_it_comes) / 10


@pytest.mark.skipif(not ON_GLIBC, reason="only glibc has these settings")
@pytest.mark.parametrize(
    "environment",
    [{"MALLOC_MMAP_THRESHOLD_": "65536"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=65536"}],
    ids=["variable", "tunable"],
)
def test_what_the_user_set_stays(environment):
    said, faults = run("kept", **environment)
    assert said.endswith("(glibc: trim_threshold, top_pad); MALLOC_MMAP_THRESHOLD_ stays as you set it")
    assert int(faults) >= 180


@pytest.mark.parametrize(
    ("platform", "preload", "said"),
    [
        ("darwin", "", None),
        ("win32", "", None),
        ("linux", "/usr/lib/libjemalloc.so.2", "memory is left to jemalloc, which LD_PRELOAD names"),
    ],
)
def test_elsewhere_nothing_is_done(monkeypatch, platform, preload, said):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "confstr_names", {"CS_GNU_LIBC_VERSION": 2}, raising=False)
    monkeypatch.setenv("LD_PRELOAD", preload)
    assert keep_memory.__wrapped__() == said
