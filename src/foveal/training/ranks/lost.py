"""A process of the job that ended: one clear error in all others, whatever the backend raises."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch import distributed

from foveal.errors import FovealError

# What gloo, NCCL and the reducer of DDP say; they raise RuntimeError for everything.
_SIGNS = (
    "broken pipe",
    "connection closed",
    "connection refused",
    "connection reset",
    "gloo",
    "nccl",
    "process group",
    "socket",
    "timed out",
    "timeout",
)


def rank_lost(rank: int, size: int, reason: str) -> FovealError:
    """The error for a job that lost one of its processes.

    Args:
        rank: The process that tells.
        size: Processes of the job.
        reason: What it saw.
    """
    return FovealError(
        "rank-lost",
        f"rank {rank} of {size}: expected every process of the job to answer, got: {reason}",
        hint="look above for the first process that failed (memory is the usual reason), then start the same command "
        "again with --resume",
    )


@contextmanager
def told_clearly(rank: int, size: int) -> Iterator[None]:
    """What breaks inside because another process is gone becomes `rank-lost`; other errors stay as they are.

    Raises:
        FovealError: `rank-lost`.
    """
    try:
        yield
    except RuntimeError as error:
        first = (str(error).strip() or repr(error)).splitlines()[0]
        if size > 1 and (isinstance(error, distributed.DistError) or any(sign in first.lower() for sign in _SIGNS)):
            raise rank_lost(rank, size, _reason(first)) from error
        raise


@contextmanager
def stopped_clearly(rank: int, size: int) -> Iterator[None]:
    """SIGTERM raises `rank-lost` inside: a launcher sends it to the others when one process of a job has ended.

    Does nothing for a single process or outside the main thread, where Python takes no signals.
    """
    if size < 2 or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise rank_lost(rank, size, "the launcher's word to stop (SIGTERM), which follows the end of another process")

    before: Any = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except (FovealError, RuntimeError):
        # The launcher's SIGTERM is a tenth of a second behind, and must not cut off the words that are on their way.
        before = signal.SIG_IGN
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _reason(line: str) -> str:
    """The first sentence; gloo begins with the place in its own source, in brackets, and ends with advice."""
    said = line.partition("] ")[2] if line.startswith("[") else line
    return (said or line).partition(". ")[0][:300]
