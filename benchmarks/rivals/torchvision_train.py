"""Rival: fine-tuning as PyTorch's tutorials and torchvision's references have it: ImageFolder, DataLoader, one loop.

All layers of a timm network learn with AdamW from random resized crops of 35 % of the area and more and mirror images;
batch norms train. `--hand-tuned` adds what a person who has read about processors adds: channels_last and batch norms
that stand still. `--loader timm` takes the photos from timm's own loader, which normalises images on the GPU, as in its
train.py.
Needs torch, torchvision and timm.
Command: python torchvision_train.py FOLDER --weights FILE.pth [--network tf_efficientnet_lite0] [--batch 32]
    [--epochs 1] [--size 224] [--workers 2] [--warm 4] [--device auto] [--loader torchvision|timm]
    [--hand-tuned]
    `--weights random` loads none. A GPU computes in bfloat16 and channels_last.
    Prints a JSON object: photos trained on after the first `--warm` steps, and seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from typing import Any

import timm
import torch
from timm.data import create_dataset, create_loader
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

CROP = (0.35, 1.0)
RATE = 1e-4


def network(name: str, weights: str, classes: int) -> torch.nn.Module:
    """A timm network with a new last layer; lite0's published file has the same order under other names."""
    model = timm.create_model(name, pretrained=False)
    if weights != "random":
        given = list(torch.load(weights, map_location="cpu").values())
        model.load_state_dict(dict(zip(model.state_dict(), given, strict=True)))
    model.reset_classifier(classes)
    return model


def folder_loader(given: argparse.Namespace) -> tuple[Any, int]:
    """Batches of a folder as torchvision and PyTorch give them, and the number of classes."""
    prepare = transforms.Compose(
        [
            transforms.RandomResizedCrop(given.size, scale=CROP),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    dataset = ImageFolder(given.folder, prepare)
    loader = DataLoader(
        dataset,
        batch_size=given.batch,
        shuffle=True,
        drop_last=True,
        num_workers=given.workers,
        persistent_workers=True,
        pin_memory=given.device == "cuda",
    )
    return loader, len(dataset.classes)


def timm_loader(given: argparse.Namespace) -> tuple[Any, int]:
    """The same from timm's loader, as its train.py makes it."""
    dataset = create_dataset("", given.folder, is_training=True)
    loader = create_loader(
        dataset,
        (3, given.size, given.size),
        given.batch,
        is_training=True,
        use_prefetcher=given.device == "cuda",
        scale=CROP,
        color_jitter=0.0,
        interpolation="bilinear",
        num_workers=given.workers,
        persistent_workers=True,
        pin_memory=given.device == "cuda",
        device=torch.device(given.device),
    )
    return loader, len(dataset.reader.class_to_idx)


def train(model: torch.nn.Module, loader: Iterable[Any], given: argparse.Namespace) -> tuple[int, float]:
    """Train, and count the photos after the first steps and their seconds."""
    order = torch.channels_last if given.hand_tuned or given.device == "cuda" else torch.contiguous_format
    model = model.to(given.device, memory_format=order).train()
    if given.hand_tuned:
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.eval()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    photos, step, started = 0, 0, 0.0
    for _ in range(given.epochs):
        for pictures, classes in loader:
            if step == given.warm:
                _wait(given.device)
                photos, started = 0, time.perf_counter()
            images = pictures.to(given.device, memory_format=order, non_blocking=True)
            labels = classes.to(given.device, non_blocking=True)
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast(given.device, torch.bfloat16, enabled=given.device == "cuda"):
                loss = functional.cross_entropy(model(images), labels)
            loss.backward()
            optimiser.step()
            photos, step = photos + len(labels), step + 1
    _wait(given.device)
    return photos, time.perf_counter() - started


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def arguments() -> argparse.Namespace:
    """What the command line says; the rival of fastai takes the same."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--network", default="tf_efficientnet_lite0")
    for name, value in (("batch", 32), ("epochs", 1), ("size", 224), ("workers", 2), ("warm", 4)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--loader", choices=("torchvision", "timm"), default="torchvision")
    parser.add_argument("--hand-tuned", action="store_true")
    given = parser.parse_args()
    if given.device == "auto":
        given.device = "cuda" if torch.cuda.is_available() else "cpu"
    return given


def main() -> None:
    """Train, and print the figures."""
    given = arguments()
    torch.manual_seed(0)
    loader, classes = {"torchvision": folder_loader, "timm": timm_loader}[given.loader](given)
    photos, seconds = train(network(given.network, given.weights, classes), loader, given)
    print(json.dumps({"photos": photos, "seconds": seconds}))


if __name__ == "__main__":
    main()
