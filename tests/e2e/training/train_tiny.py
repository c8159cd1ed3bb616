"""A whole training of a tiny network, started as a process by tests: FOLDER BATCH [DELAY [PARALLEL NORMS]]."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch  # noqa: TID251  # a test of the island
from tests.unit.training import tiny_training as tiny

from foveal.training import checkpoint, loop
from foveal.training.ranks.world import World
from foveal.training.stretch import Stretch

DATA = tiny.data(train=48, held=13)


def phases(batch, norms):
    return (
        tiny.phase(name="head", epochs=1, groups=tiny.head_only, norms="frozen", batch=batch),
        tiny.phase(norms=norms, epochs=3.5, batch=batch, ema=0.9, clip=0.5),
    )


def train(folder, *, batch, delay=0.0, parallel="ddp", norms="train"):
    """Train, or go on; each step takes `delay` seconds longer, and every third step or so writes a checkpoint."""
    whole = Stretch.step

    def step(self, *args, **named):
        time.sleep(delay)
        whole(self, *args, **named)

    Stretch.step = step
    settings = tiny.settings(folder, resume=True, checkpoint_s=max(1e-6, 2.5 * delay), parallel=parallel)
    try:
        with World.joined(device="cpu") as world:
            return loop.run(tiny.recogniser(dropout=0.0), phases(batch, norms), DATA, settings, world), world.rank
    finally:
        Stretch.step = whole


def main() -> None:
    folder, batch = Path(sys.argv[1]), int(sys.argv[2])
    delay = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    parallel, norms = sys.argv[4:6] if len(sys.argv) > 4 else ("ddp", "train")
    outcome, rank = train(folder, batch=batch, delay=delay, parallel=parallel, norms=norms)
    state = checkpoint.whole(outcome.recogniser.state_dict())
    np.savez(folder / f"done_{rank}.npz", held=outcome.held_logits, **state)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
