"""Rival: torchvision's ImageFolder in PyTorch's DataLoader, as training scripts have it; batches stay uint8.

Needs torch and torchvision.
Command: python torchvision_feed.py FOLDER BATCH SIZE EPOCHS WORKERS
    prints a JSON object: the seconds of each epoch, and the photos of one.
"""

from __future__ import annotations

import json
import sys
import time

import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder


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
    loader = DataLoader(
        ImageFolder(folder, prepare),
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=True,
    )
    seconds, photos = [], 0
    for _ in range(epochs):
        started = time.perf_counter()
        photos = sum(len(labels) for _, labels in loader)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "photos": photos}))


if __name__ == "__main__":
    main()
