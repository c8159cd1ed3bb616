"""A new process that loads a model and answers one photo: what a command or a small service waits for."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from foveal.types.speed_figures import ColdStart

# What the process does is what a program of the user's would do; the rest reads the clock.
_PROGRAM = """
import sys, time
started = time.perf_counter()
import foveal
imported = time.perf_counter()
model = foveal.load(sys.argv[1])
loaded = time.perf_counter()
model.predict(sys.argv[2])
answered = time.perf_counter()
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
except ImportError:
    peak = None
import json
print(json.dumps([imported - started, loaded - imported, answered - loaded, peak]))
"""


def cold_start(model: str, photo: Path, *, runs: int = 3, patience: float = 3.0) -> tuple[ColdStart | None, str]:
    """The fastest of a few starts: whatever else ran then slowed the others by chance.

    Args:
        model: What `foveal.load` takes.
        photo: A photo in a file of its own.
        runs: How often at most.
        patience: Seconds after which no further start is made; one is always made.

    Returns:
        What was measured and an empty text, or None and why the process failed.
    """
    best: ColdStart | None = None
    began = time.perf_counter()
    for number in range(1, runs + 1):
        started = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - this Python, and a program written above
            [sys.executable, "-c", _PROGRAM, model, str(photo)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith(" ")]
            return None, lines[-1] if lines else f"exit status {done.returncode}"
        if best is None or seconds < best["seconds"]:
            best = _read(done.stdout, seconds)
        best["runs"] = number
        if time.perf_counter() - began > patience:
            break
    return best, ""


def _read(said: str, seconds: float) -> ColdStart:
    imported, loaded, answered, peak = json.loads(said.strip().splitlines()[-1])
    return ColdStart(
        runs=1,
        seconds=round(seconds, 3),
        import_seconds=round(imported, 3),
        load_seconds=round(loaded, 3),
        first_answer_seconds=round(answered, 3),
        peak_memory_mb=None if peak is None else round(peak / 1e6, 1),
    )
