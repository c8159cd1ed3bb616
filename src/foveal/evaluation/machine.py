"""What machine this is."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from foveal.runtimes.engine import threads
from foveal.types.speed_figures import Machine


def this_machine() -> Machine:
    """Processor, cores, memory and system, as far as the system tells."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        threads=threads(),
        memory_gb=_memory_gb(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine() or "unknown"


def _memory_gb() -> float | None:
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, OSError, ValueError):
        return None
    return round(found, 1)
