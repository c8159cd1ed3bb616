"""The processes of one training: which one this is, and what they exchange."""

from __future__ import annotations

import datetime
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from foveal.errors import FovealError
from foveal.training.ranks.lost import stopped_clearly, told_clearly

_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")

WAIT_S = 600.0
"""How long a process waits for the others before it counts them as lost. A killed one is noticed at once."""

_SETTLE_S = 0.3


@dataclass(frozen=True)
class World:
    """All processes of a training, from the point of view of one.

    Every method that exchanges something must be called by all of them, in the same order. With a single process each
    of them does at once what it would have done.

    Args:
        rank: Number of this process, from 0.
        size: How many there are.
        local_rank: Number of this process on its machine, from 0: its GPU.
        local_size: How many there are on this machine.
        device: Where tensors must be to be exchanged.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    @classmethod
    @contextmanager
    def joined(cls, *, device: str = "auto", wait_s: float = WAIT_S) -> Iterator[World]:
        """The world of this process, inside the block: torchrun's, by the variables it sets, or itself alone.

        Inside, a lost process raises `rank-lost` in all others, for what the network's own exchange raises as well.

        Args:
            device: "cpu" exchanges by gloo, "cuda" by NCCL; "auto" takes GPUs where each process has one.
            wait_s: Seconds to wait for the others at any exchange.

        Raises:
            FovealError: `rank-lost`; `bad-launch`: the variables do not fit together, or fewer GPUs than processes.
        """
        world = cls._from_environment(device)
        if world.size == 1:
            yield world
            return
        with ExitStack() as stack:
            stack.enter_context(told_clearly(world.rank, world.size))
            stack.enter_context(stopped_clearly(world.rank, world.size))
            settings: dict[str, Any] = {}
            if world.device.type == "cuda":
                torch.cuda.set_device(world.device)
                settings = {"device_id": world.device}
            distributed.init_process_group(
                "nccl" if world.device.type == "cuda" else "gloo",
                timeout=datetime.timedelta(seconds=wait_s),
                **settings,
            )
            try:
                yield world
            except BaseException:
                _leave_at_once(world)
                raise
            distributed.destroy_process_group()
            # gloo's threads let go of the last exchange's tensors a moment after it is over, and need the interpreter
            # for that. Were it ending already, they would abort a process whose work is done (one in 25 did).
            time.sleep(_SETTLE_S)

    @classmethod
    def _from_environment(cls, device: str) -> World:
        given = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        if "WORLD_SIZE" not in given or given["WORLD_SIZE"] == "1":
            return cls()
        numbers = [given.get(name, "") for name in _VARIABLES[:3]]
        if len(given) < len(_VARIABLES) or not all(number.isdigit() for number in numbers):
            raise _bad_launch(f"expected {', '.join(_VARIABLES)} as torchrun sets them, got {given}")
        rank, size, local_rank = map(int, numbers)
        if not rank < size:
            raise _bad_launch(f"expected RANK below WORLD_SIZE, got {rank} and {size}")
        local_size = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        gpus = torch.cuda.device_count()
        if device == "auto":
            device = "cuda" if 0 < local_size <= gpus else "cpu"
        if device.startswith("cuda") and gpus < local_size:
            raise _bad_launch(f"expected a GPU for each of {local_size} processes of this machine, got {gpus}")
        place = torch.device("cuda", local_rank) if device.startswith("cuda") else torch.device("cpu")
        return cls(rank, size, local_rank, local_size, place)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, each tensor of the same shape; float64 and int64 keep their type.

        Returns:
            A tensor of its own, on the device of the one given.
        """
        total = values.detach().clone()
        if self.size == 1:
            return total
        total = total.to(self.device)
        with told_clearly(self.rank, self.size):
            distributed.all_reduce(total)
            # What a GPU exchanges is only ordered here; reading it waits for it.
            return total.to(values.device)

    def agree(self, wish: bool) -> bool:
        """Whether any process wishes it: to stop, say, when one's time is up."""
        return bool(self.sum(torch.tensor([int(wish)])).item())

    def broadcast(self, value: Any) -> Any:
        """What the main process gives, in all of them.

        Args:
            value: Anything JSON can hold; tuples arrive as lists. Other processes' values are ignored.
        """
        if self.size == 1:
            return value
        text = np.frombuffer(json.dumps(value).encode(), np.uint8) if self.main else np.zeros(0, np.uint8)
        length = int(self.sum(torch.tensor([len(text)]))[0])
        told = torch.zeros(length, dtype=torch.uint8, device=self.device)
        if self.main:
            told.copy_(torch.from_numpy(text.copy()))
        with told_clearly(self.rank, self.size):
            distributed.broadcast(told, src=0)
            return json.loads(told.cpu().numpy().tobytes())

    def on_main(self, action: Callable[[], Any]) -> Any:
        """Do something in the main process only, while the others wait: writing a file.

        Returns:
            What it returned, in all processes; see `broadcast` for what that may be.

        Raises:
            FovealError: What it raised, in all processes, so that none waits for what will not come.
        """
        told: dict[str, Any] = {}
        failed: Exception | None = None
        if self.main:
            try:
                told = {"value": action()}
            except Exception as error:  # raised again below, once the others know
                failed = error
                told = {"failed": _told(error)}
        told = self.broadcast(told)
        if failed is not None:
            raise failed
        if "failed" in told:
            theirs = told["failed"]
            raise FovealError(theirs["code"], theirs["message"], hint=theirs["hint"])
        return told["value"]

    def gather_rows(self, rows: NDArray[np.integer], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """What all processes computed, sorted by row; a row that several have is kept once.

        Args:
            rows: int [n], n being each process's own and 0 possible: where each value belongs.
            values: [n, …], float or integer, of the same further shape everywhere.

        Returns:
            int64 [N] rows, ascending, and [N, …] their values, in every process.
        """
        numbers, values = np.asarray(rows, np.int64), np.asarray(values)
        if self.size > 1:
            numbers, values = self._joined_rows(numbers), self._joined_rows(values)
        kept, first = np.unique(numbers, return_index=True)
        return kept, values[first]

    def _joined_rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Arrays of different lengths, one after another by rank."""
        lengths = self._stacked(np.array([len(array)], np.int64))[:, 0]
        padded = np.zeros((int(lengths.max()), *array.shape[1:]), array.dtype)
        padded[: len(array)] = array
        return np.concatenate([part[:length] for part, length in zip(self._stacked(padded), lengths, strict=True)])

    def _stacked(self, array: NDArray[Any]) -> NDArray[Any]:
        """[size, …]: arrays of the same shape and type, by rank."""
        mine = torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        parts = [torch.empty_like(mine) for _ in range(self.size)]
        with told_clearly(self.rank, self.size):
            distributed.all_gather(parts, mine)
            stacked: NDArray[Any] = torch.stack(parts).cpu().numpy()
            return stacked


def _leave_at_once(world: World) -> None:
    """Let go of the others without a word to them, who may be gone; gloo does so when the process ends."""
    if world.device.type == "cuda":
        distributed.distributed_c10d._abort_process_group()


def _told(error: Exception) -> dict[str, str]:
    """An error of the main process in words that travel."""
    if isinstance(error, FovealError):
        return {"code": error.code, "message": error.message, "hint": error.hint}
    message = f"rank 0: expected it to do what all wait for, got {type(error).__name__}: {error}"
    return {"code": "rank-lost", "message": message, "hint": "look at what rank 0 says"}


def _bad_launch(message: str) -> FovealError:
    return FovealError(
        "bad-launch",
        f"several processes: {message}",
        hint="start it as `torchrun --nproc-per-node N -m foveal train …`, with --device cpu or a GPU for each process",
    )
