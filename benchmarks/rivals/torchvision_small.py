"""Rival: random pictures of 32×32 pixels, varied one by one by torchvision's transforms in PyTorch's DataLoader.

Needs torch and torchvision.
Command: python torchvision_small.py PICTURES BATCH EPOCHS WORKERS
    prints a JSON object: the seconds of each epoch, and the pictures of one.
"""

from __future__ import annotations

import json
import sys
import time

import torch
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2


class Pictures(Dataset):  # type: ignore[type-arg, misc]
    """Pictures in memory.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._pictures = torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8)
        self._vary = v2.Compose([v2.RandomCrop(32, padding=2, padding_mode="reflect"), v2.RandomHorizontalFlip()])

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return self._vary(self._pictures[row]), 0


def main() -> None:
    """Iterate, and print the seconds."""
    count, batch, epochs, workers = map(int, sys.argv[1:])
    loader = DataLoader(
        Pictures(count), batch_size=batch, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=True
    )
    seconds, photos = [], 0
    for _ in range(epochs):
        started = time.perf_counter()
        photos = sum(len(labels) for _, labels in loader)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "photos": photos}))


if __name__ == "__main__":
    main()
