"""Rival: fastai's ImageDataLoaders with a random resized crop of every photo, and flips of whole batches.

Needs fastai.
Command: python fastai_feed.py FOLDER BATCH SIZE EPOCHS WORKERS
    prints a JSON object: the seconds of each epoch, and the photos of one.
"""

from __future__ import annotations

import json
import sys
import time

from fastai.vision.all import Flip, ImageDataLoaders, RandomResizedCrop


def main() -> None:
    """Iterate, and print the seconds."""
    folder, *numbers = sys.argv[1:]
    batch, size, epochs, workers = map(int, numbers)
    loaders = ImageDataLoaders.from_folder(
        folder,
        valid_pct=0.01,  # with none at all it refuses
        seed=0,
        bs=batch,
        num_workers=workers,
        item_tfms=RandomResizedCrop(size, min_scale=0.35),
        batch_tfms=Flip(),
        device="cpu",
    )
    seconds, photos = [], 0
    for _ in range(epochs):
        started = time.perf_counter()
        photos = sum(len(labels) for _, labels in loaders.train)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "photos": photos}))


if __name__ == "__main__":
    main()
