"""How many threads PyTorch gets: what the scheduler, the container and the user allow."""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch

from foveal.runtimes.engine import threads

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_OLD_QUOTA = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
_OLD_PERIOD = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us")


def processors() -> int:
    """Processors that this process may really use: `$FOVEAL_THREADS`, else its affinity, cut by a container's quota.

    A container held to two processors of 64 sees all 64; threads beyond the quota only wait for one another.

    Raises:
        FovealError: `bad-option`: FOVEAL_THREADS is no number from 1.
    """
    allowed = threads()
    quota = _quota() if "FOVEAL_THREADS" not in os.environ else None
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def use_processors(*, share: int = 1) -> int:
    """Give PyTorch its threads.

    Args:
        share: Processes on this machine that train together.

    Returns:
        The number of threads.
    """
    number = max(1, processors() // share)
    torch.set_num_threads(number)
    return number


def _quota() -> float | None:
    """Processors that the control group grants, or None where it sets no bound."""
    if _QUOTA.is_file():
        granted, _, period = _QUOTA.read_text().strip().partition(" ")
        return None if granted == "max" else int(granted) / int(period)
    if _OLD_QUOTA.is_file() and _OLD_PERIOD.is_file():
        microseconds = int(_OLD_QUOTA.read_text())
        return None if microseconds <= 0 else microseconds / int(_OLD_PERIOD.read_text())
    return None
