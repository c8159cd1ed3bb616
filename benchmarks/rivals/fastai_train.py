"""Rival: fastai's Learner, unfrozen, with a random resized crop of every photo and flips of whole batches.

Its own optimiser and loop, without what it prints; the photos it wants for validation are two, and are not measured.
Needs fastai and timm.
Command: as torchvision_train.py in this folder, whose network it takes
    prints a JSON object: photos trained on after the first `--warm` steps, and seconds.
"""

from __future__ import annotations

import json
import time
from functools import partial

import torch
from fastai.vision.all import (
    Callback,
    CrossEntropyLossFlat,
    Flip,
    ImageDataLoaders,
    Learner,
    Normalize,
    OptimWrapper,
    RandomResizedCrop,
)
from torchvision_train import CROP, RATE, arguments, network


class Clock(Callback):  # type: ignore[misc]  # fastai is not looked into
    """Counts photos and seconds after the first steps.

    Args:
        warm: How many steps.
    """

    def __init__(self, warm: int) -> None:
        self.warm, self.steps, self.photos, self.started, self.seconds = warm, 0, 0, 0.0, 0.0

    def before_batch(self) -> None:
        """The clock begins with the first step after those."""
        if self.training and self.steps == self.warm:
            self._wait()
            self.photos, self.started = 0, time.perf_counter()

    def after_batch(self) -> None:
        """One more."""
        if self.training:
            self.steps, self.photos = self.steps + 1, self.photos + len(self.yb[0])

    def after_train(self) -> None:
        """An epoch is over; what follows is validation."""
        self._wait()
        self.seconds = time.perf_counter() - self.started

    def _wait(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()


def main() -> None:
    """Train, and print the figures."""
    given = arguments()
    loaders = ImageDataLoaders.from_folder(
        given.folder,
        valid_pct=0.01,  # with none at all it refuses
        seed=0,
        bs=given.batch,
        num_workers=given.workers,
        item_tfms=RandomResizedCrop(given.size, min_scale=CROP[0]),
        batch_tfms=[Flip(), Normalize.from_stats([0.5] * 3, [0.5] * 3, cuda=given.device == "cuda")],
        device=given.device,
    )
    learner = Learner(
        loaders,
        network(given.network, given.weights, loaders.c),
        loss_func=CrossEntropyLossFlat(),
        opt_func=partial(OptimWrapper, opt=torch.optim.AdamW),
        lr=RATE,
        wd=0.01,
    )
    if given.device == "cuda":
        learner.to_bf16()
    clock = Clock(given.warm)
    with learner.no_bar(), learner.no_logging():
        learner.fit(given.epochs, cbs=clock)
    print(json.dumps({"photos": clock.photos, "seconds": clock.seconds}))


if __name__ == "__main__":
    main()
