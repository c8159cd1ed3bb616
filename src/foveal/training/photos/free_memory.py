"""How much memory this process may still take, within the limits of its container."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_UNKNOWN = 4 * 2**30
_PRESENT_OF_ALL = 0.5
_SHARE = 0.25


def memory_for_pictures(processes: int = 1) -> int:
    """Bytes that pictures may be kept in: a quarter of what is free.

    Args:
        processes: How many on this machine divide it.
    """
    return int(free_memory() * _SHARE) // max(processes, 1)


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that may still be taken: what the system has available, or less where a control group allows less.

    Where the system does not say, half of all memory, or 4 GB.

    Args:
        root: Where the file system begins.
    """
    return max(min([_available(root), *_left_in_groups(root)]), 0)


def _available(root: Path) -> int:
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _PRESENT_OF_ALL)
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf, and some systems not these names
        return _UNKNOWN


def _left_in_groups(root: Path) -> Iterator[int]:
    """What each control group that the process is in, and those around it, leave."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers == "":
            yield from _left(root / "sys/fs/cgroup", path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            yield from _left(root / "sys/fs/cgroup/memory", path, *names)


def _left(mount: Path, path: str, limit: str, used: str, dropped: str) -> Iterator[int]:
    # In a container the path may be that of the host, while the mount shows the container's own group at its top.
    folders = [mount / path.strip("/"), mount]
    for folder in dict.fromkeys(each for start in folders for each in (start, *start.parents) if mount in each.parents):
        yield from _left_here(folder, limit, used, dropped)
    yield from _left_here(mount, limit, used, dropped)


def _left_here(folder: Path, limit: str, used: str, dropped: str) -> Iterator[int]:
    bound, present = _text(folder / limit).strip(), _text(folder / used).strip()
    if bound.isdigit() and present.isdigit():
        # Pages of files that nobody has looked at lately are counted as used, but given up when memory is asked for.
        found = re.search(rf"^{dropped} (\d+)$", _text(folder / "memory.stat"), re.MULTILINE)
        yield int(bound) - int(present) + (int(found[1]) if found else 0)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
