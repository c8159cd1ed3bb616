"""How many photos go through the network at a time, when a step is to learn from more or fewer of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from foveal.errors import FovealError
from foveal.training.device import Device
from foveal.training.trial import bytes_a_photo, fits, images_per_s
from foveal.types.checked import bad_value

# Measured on two cores: 8 at a time 42 photos/s, 32 at a time 38; beyond that only memory grows.
_ON_CPU = (8, 16, 32)
# More photos at a time steady what one part's batch norms see, and one measurement is not exact.
_GAIN = 1.05
# Of the free memory; the rest is for gradients, the optimiser and everything else.
_SHARE = 0.5


@dataclass(frozen=True)
class BatchPlan:
    """How a step's photos are divided.

    Args:
        batch: Photos that go through at a time, in each process.
        parts: How many such parts make a step; their gradients are added up.
        why: One clause for people.
    """

    batch: int
    parts: int
    why: str


def plan_batch(
    recogniser: nn.Module,
    device: Device,
    *,
    effective: int,
    size_wh: tuple[int, int],
    processes: int = 1,
    whole: bool = False,
    seconds: float = 4.0,
) -> BatchPlan:
    """Divide a step so that it fits into memory and runs fast; what is learnt from a step stays `effective` photos.

    Args:
        recogniser: Pictures uint8 [N, H, W, 3] to logits, on the device.
        device: Where it computes.
        effective: Photos a step, of all processes together.
        size_wh: Width and height of the pictures.
        processes: How many share them.
        whole: Divide only what does not fit: for batch norms that train, which see a part at a time.
        seconds: For trials on a processor.

    Raises:
        FovealError: `bad-value`: photos that the processes cannot share evenly. `out-of-memory`: not even one fits.
    """
    if effective < processes or effective % processes:
        raise bad_value("plan_batch", f"a batch that {processes} processes share evenly", effective)
    share = effective // processes
    # A batch norm cannot learn from a single number a channel.
    divisors = [each for each in range(share, 0, -1) if share % each == 0 and (each > 1 or share == 1)]
    if device.kind == "cuda":
        fitting = next((each for each in divisors if fits(recogniser, device, batch=each, size_wh=size_wh)), None)
        if fitting is None:
            raise _out_of_memory(size_wh, "the GPU's memory")
        return _planned(share, fitting, "what fits into the GPU's memory")
    room = _free_bytes()
    each_takes = bytes_a_photo(recogniser, device, size_wh=size_wh)
    fitting_all = [each for each in divisors if room is None or each * each_takes <= _SHARE * room]
    if not fitting_all:
        raise _out_of_memory(size_wh, f"{room or 0:,} free bytes, of which a photo takes {each_takes:,}")
    tried = [each for each in fitting_all if each in _ON_CPU]
    if whole or share <= _ON_CPU[0] or not tried:
        return _planned(share, fitting_all[0], "all at once" if fitting_all[0] == share else "what fits into memory")
    speeds = {
        each: images_per_s(recogniser, device, batch=each, size_wh=size_wh, seconds=seconds / len(tried))
        for each in tried
    }
    best = tried[0]
    for each in tried[1:]:
        if speeds[each] > _GAIN * speeds[best]:
            best = each
    return _planned(share, best, ", ".join(f"{each}: {speed:.3g} photos/s" for each, speed in speeds.items()))


def _planned(share: int, batch: int, why: str) -> BatchPlan:
    return BatchPlan(batch, share // batch, why)


def _free_bytes() -> int | None:
    """Memory that is free for this process: the system's, within what a container grants. None where nothing tells."""
    table = Path("/proc/meminfo")
    if not table.is_file():
        return None
    lines = dict(line.split(":", 1) for line in table.read_text().splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and (granted := limit.read_text().strip()) != "max":
        free = min(free, int(granted) - int(used.read_text()))
    return max(free, 0)


def _out_of_memory(size_wh: tuple[int, int], room: str) -> FovealError:
    return FovealError(
        "out-of-memory",
        f"training at {size_wh[0]}×{size_wh[1]}: expected room for one part of a batch, got {room}",
        hint="choose a smaller --size or a smaller --backbone, or train fewer layers (--recipe head)",
    )
