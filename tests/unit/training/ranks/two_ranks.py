"""What each process of a job does in the tests of `foveal.training.ranks`; `python -m torch.distributed.run` starts it.

two_ranks.py FOLDER everything     trains in every way and writes what came out, as JSON and safetensors
two_ranks.py FOLDER kill           the second process kills itself in the middle of a training
two_ranks.py FOLDER refuse         the first process cannot write, and no other waits for it
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from foveal.errors import FovealError
from foveal.training.averaging import Average
from foveal.training.checkpoint import whole
from foveal.training.norms import freeze_norms
from foveal.training.optimiser import make_optimiser
from foveal.training.ranks.sync_norms import sync_norms, unsync_norms
from foveal.training.ranks.world import World
from foveal.training.ranks.wrap import not_yet, same_start, wrap

STEPS, BATCH = 6, 16


def network() -> nn.Module:
    """Batch norms of torch and of timm, two chained convolutions that are large enough to be shards of their own."""
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 96, 3, padding=1, bias=False), nn.BatchNorm2d(96), nn.ReLU()),
        nn.Sequential(nn.Conv2d(96, 128, 3, stride=2, bias=False), BatchNormAct2d(128)),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 5)),
    )
    return nn.Sequential(body, nn.BatchNorm1d(5, momentum=None), nn.Linear(5, 5))


def train(
    world: World, *, frozen: bool = False, parallel: str = "ddp", parts: int = 1, die_at: int = -1
) -> dict[str, Tensor]:
    """Weights, statistics, their average and the logits of the last step, after a few steps of SGD."""
    module = network()
    ready(module, frozen)
    if world.size > 1:
        sync_norms(module)
    wrapped = wrap(module, world, parallel=parallel)
    weights = [each for each in module.parameters() if each.ndim > 1]
    others = [each for each in module.parameters() if each.ndim <= 1]
    groups = [
        {"params": weights, "rate": 0.05, "weight_decay": 0.01},
        {"params": others, "rate": 0.05, "weight_decay": 0.0},
    ]
    optimiser = make_optimiser("sgd", groups)
    average = Average(module, 0.9)
    numbers = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        images = torch.randn(BATCH, 3, 8, 8, generator=numbers)[world.rank :: world.size]
        labels = torch.randint(5, (BATCH,), generator=numbers)[world.rank :: world.size]
        if step == die_at and world.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        size = len(images) // parts
        for part in range(parts):
            taken = slice(part * size, (part + 1) * size)
            with not_yet(wrapped) if part < parts - 1 else nullcontext():
                nn.functional.cross_entropy(wrapped(images[taken]), labels[taken]).div(parts).backward()
        optimiser.step()
        optimiser.zero_grad()
        average.update(module)
    state = {name: value.clone() for name, value in whole(module.state_dict()).items()}
    mean = {f"average.{name}": value.clone() for name, value in whole(average.state_dict()).items()}
    module.eval()
    logits = wrapped(torch.ones(2, 3, 8, 8)).detach().clone()
    if parallel == "ddp":
        unsync_norms(module)
        if not torch.equal(module(torch.ones(2, 3, 8, 8)), logits):
            raise ValueError("the batch norms put back say something else")
    return {**state, **mean, "logits": logits}


def ready(module: nn.Module, frozen: bool) -> None:
    """Training mode; frozen norms have statistics that are not those of the batch."""
    module.train()
    if frozen:
        for each in module.modules():
            if hasattr(each, "running_mean"):
                nn.init.constant_(each.running_mean, 0.1)
                nn.init.constant_(each.running_var, 0.5)
        freeze_norms(module)


def exchange(world: World) -> dict[str, object]:
    """Everything that processes can tell one another."""
    rows = np.arange(7)[world.rank :: world.size] if world.rank else np.array([6, 0, 2])
    values = np.stack([rows * 1.5, -rows], axis=1).astype(np.float32)
    none = np.zeros(0, np.int64) if world.rank else np.array([4, 3])
    started = nn.Linear(2, 2)
    nn.init.constant_(started.weight, float(world.rank))
    same_start(started, world)
    return {
        "world": [world.rank, world.size, world.local_rank, world.local_size, world.main],
        "sum": world.sum(torch.tensor([1.0, float(world.rank)], dtype=torch.float64)).tolist(),
        "agree": [world.agree(world.rank == 1), world.agree(False)],
        "broadcast": world.broadcast({"rank": world.rank, "text": "Größe", "many": list(range(1000))}),
        "on_main": world.on_main(lambda: f"written by {world.rank}"),
        "rows": [each.tolist() for each in world.gather_rows(rows, values)],
        "some": [each.tolist() for each in world.gather_rows(none, none.astype(np.float64))],
        "started": started.weight.sum().item(),
    }


def everything(world: World, folder: Path) -> None:
    """Train in every way and write it down."""
    ways = {
        "synced": {},
        "frozen": {"frozen": True},
        "parts": {"frozen": True, "parts": 2},
        "fsdp": {"parallel": "fsdp"},
        "fsdp parts": {"frozen": True, "parallel": "fsdp", "parts": 2},
    }
    for name, way in ways.items():
        state = train(world, **way)
        if world.main:
            save_file({key: value.contiguous() for key, value in state.items()}, folder / f"{name}.safetensors")
    (folder / f"told-{world.rank}.json").write_text(json.dumps(exchange(world)))


def refuse(world: World, folder: Path) -> None:
    """One process cannot do what all wait for."""

    def write() -> None:
        raise FovealError("disk-full", f"{folder}: expected room, got none", hint="make some")

    try:
        world.on_main(write)
    except FovealError as error:
        (folder / f"refused-{world.rank}.json").write_text(json.dumps([error.code, error.hint]))


def main() -> None:
    """Do what the command line says, and write down what the others' end looked like."""
    folder, what = Path(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    try:
        with World.joined(device="cpu") as world:
            if what == "everything":
                everything(world, folder)
                refuse(world, folder)
            else:
                (folder / "killed").write_text(str(time.time()))
                train(world, die_at=3)
    except FovealError as error:
        (folder / "lost.json").write_text(json.dumps([error.code, str(error), time.time()]))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
