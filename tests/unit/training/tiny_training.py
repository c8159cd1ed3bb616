"""A tiny network, drawn photos and a phase, for tests of the loop."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from foveal.imaging.preprocess import Preprocess
from foveal.training.phase import Phase
from foveal.training.photos.augment import Augment
from foveal.training.recogniser import Recogniser
from foveal.training.settings import TrainingData, TrainSettings

SIDE = 16
PREPROCESS = Preprocess(size_wh=(SIDE, SIDE), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
CLASSES = ("red", "green", "blue")


class TinyNetwork(nn.Module):
    """Two convolutions with a batch norm, and what `Recogniser` asks of a network."""

    def __init__(self, columns=8):
        super().__init__()
        self.spec = SimpleNamespace(preprocess=PREPROCESS)
        self.columns = columns
        # A bias before a batch norm has no slope but rounding, which Adam blows up to full steps.
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, columns, 3, stride=2, padding=1)

    def feature_map(self, images):
        return torch.relu(self.second(torch.relu(self.norm(self.first(images)))))

    def forward(self, images):
        return self.feature_map(images).mean(dim=(2, 3))

    def outputs(self, images):
        maps = torch.relu(self.norm(self.first(images)))
        return {"tap_1": maps.mean(dim=(2, 3)), "embedding": self.forward(images)}

    def stages(self):
        return [[*self.first.parameters(), *self.norm.parameters()], [*self.second.parameters()]]


def recogniser(*, seed=0, dropout=0.2, **given):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Recogniser(TinyNetwork(), len(CLASSES), dropout=dropout, **given)


def photos(n, *, seed=0, noise=40.0):
    """Photos uint8 [SIDE, SIDE, 3] with a patch of the colour of their class, and the labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int32) % 3
    images = []
    for label in labels:
        image = rng.normal(110, noise, (SIDE, SIDE, 3))
        y, x = rng.integers(0, SIDE // 2, 2)
        image[y : y + SIDE // 2, x : x + SIDE // 2, label] += 70
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return images, labels


def data(*, train=48, held=24, seed=0, noise=40.0):
    images, labels = photos(train + held, seed=seed, noise=noise)
    rows = np.arange(train + held)
    return TrainingData(
        photos=images,
        labels=labels,
        class_names=CLASSES,
        train_rows=rows[:train],
        held_rows=rows[train:],
        preprocess=PREPROCESS,
    )


def everything(each):
    return [{"params": list(each.parameters()), "rate": 0.02, "weight_decay": 0.01}]


def phase(**given):
    return Phase(
        **{
            "name": "all",
            "epochs": 3,
            "groups": everything,
            "batch": 8,
            "augment": Augment(crop=(0.6, 1.0)),
            **given,
        }
    )


def settings(folder, **given):
    return TrainSettings(
        folder=folder, **{"device": "cpu", "amp": "off", "compile": "off", "threads": 1, "guard": "off", **given}
    )


def head_only(each):
    return [{"params": list(each.classifier.parameters()), "rate": 0.05, "weight_decay": 0.0}]
