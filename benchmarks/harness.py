"""What the benchmarks share: commands run in turn as whole processes, medians with their spread, and ratios."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

# glibc gives memory back to the system after every step and takes it again; both sides run without that loss.
TUNED_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
}


@dataclass
class Runs:
    """Seconds of each run of a command, and the last line it printed."""

    seconds: list[float] = field(default_factory=list)
    said: str = ""

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Contender:
    """A command to time.

    Args:
        command: The words of the command.
        before: Called before every run, outside the time; such as emptying a cache.
        environment: Set on top of the present one.
    """

    command: Sequence[str]
    before: Callable[[], None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)


def race(contenders: Mapping[str, Contender], *, runs: int) -> dict[str, Runs]:
    """Run the commands in turn, A B C A B C …, so that a machine that drifts treats them alike."""
    results = {name: Runs() for name in contenders}
    for _ in range(runs):
        for name, contender in contenders.items():
            contender.before()
            started = time.perf_counter()
            done = subprocess.run(
                list(contender.command),
                env={**os.environ, **contender.environment},
                capture_output=True,
                text=True,
                check=False,
            )
            results[name].seconds.append(time.perf_counter() - started)
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
            results[name].said = (done.stdout.strip().splitlines() or [""])[-1]
    return results


def show(results: Mapping[str, Runs], *, against: str, photos: int = 0) -> None:
    """Print medians, spread and the ratio of each to `against`."""
    base = results[against].median
    print(f"{'':34} {'median s':>9} {'min':>7} {'max':>7} {'ratio':>6}  n" + ("  photos/s" if photos else ""))
    for name, runs in results.items():
        low, high = min(runs.seconds), max(runs.seconds)
        line = f"{name:34} {runs.median:9.2f} {low:7.2f} {high:7.2f} {runs.median / base:6.2f}  {len(runs.seconds)}"
        print(line + (f"  {photos / runs.median:8.0f}" if photos else "") + (f"   {runs.said}" if runs.said else ""))


def machine() -> None:
    """Print what the figures were taken on."""
    packages = ("foveal", "openvino", "onnxruntime", "numpy")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, {versions}")


class Place:
    """A temporary cache and folder for a benchmark, removed at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="foveal-bench-"))
        os.environ["FOVEAL_CACHE"] = str(self.folder / "cache")

    def forget_features(self) -> None:
        """Empty the cache of features; networks and the machine's measurements stay."""
        shutil.rmtree(self.folder / "cache" / "features", ignore_errors=True)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def foveal(*words: object) -> list[str]:
    """The words of a foveal command in this Python."""
    return [sys.executable, "-m", "foveal", *map(str, words)]
