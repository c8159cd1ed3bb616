"""Rival: the library webdataset on shards, with torchvision's transforms in PyTorch's DataLoader.

Needs webdataset, torch and torchvision.
Command: python webdataset_feed.py FOLDER BATCH SIZE EPOCHS WORKERS
    prints a JSON object: the seconds of each epoch, and the photos of one.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
import webdataset
from torchvision import transforms

_SHUFFLED = 1000


def _label(said: dict[str, int]) -> int:
    return said["index"]


def main() -> None:
    """Iterate, and print the seconds."""
    folder, *numbers = sys.argv[1:]
    batch, size, epochs, workers = map(int, numbers)
    torch.manual_seed(0)
    prepare = transforms.Compose(
        [
            transforms.RandomResizedCrop(size, scale=(0.35, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.PILToTensor(),
        ]
    )
    shards = sorted(map(str, Path(folder).glob("*.tar")))
    samples = webdataset.WebDataset(shards, shardshuffle=len(shards), empty_check=False).shuffle(_SHUFFLED)
    made = samples.decode("pil").to_tuple("jpg;jpeg", "json").map_tuple(prepare, _label).batched(batch, partial=False)
    loader = webdataset.WebLoader(made, batch_size=None, num_workers=workers, persistent_workers=True)
    seconds, photos = [], 0
    for _ in range(epochs):
        started = time.perf_counter()
        photos = sum(len(labels) for _, labels in loader)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "photos": photos}))


if __name__ == "__main__":
    main()
