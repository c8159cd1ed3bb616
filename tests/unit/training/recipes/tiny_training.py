"""Tiny networks with random weights and a few drawn photos, for trainings of a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from foveal.imaging.preprocess import Preprocess
from foveal.training.networks.catalogue import find_spec
from foveal.training.networks.create import create
from foveal.training.options import Options
from foveal.training.recipes import find_recipe
from foveal.training.settings import TrainingData, TrainSettings

SIDE = 64
RESNET, VIT = "timm/test_resnet", "timm/test_vit"


def network(name=RESNET, *, seed=0):
    torch.manual_seed(seed)
    return create(find_spec(name), pretrained=False)


def data(photos: Path, *, held_each=3, side=SIDE) -> TrainingData:
    names = tuple(sorted(folder.name for folder in photos.iterdir()))
    found = [(path, label) for label, name in enumerate(names) for path in sorted((photos / name).iterdir())]
    numbers = np.array([int(path.stem) for path, _ in found])
    return TrainingData(
        photos=[path for path, _ in found],
        labels=np.array([label for _, label in found], np.int32),
        class_names=names,
        train_rows=np.flatnonzero(numbers >= held_each),
        held_rows=np.flatnonzero(numbers < held_each),
        preprocess=Preprocess(size_wh=(side, side), mode="balance", mean=(0.5,) * 3, std=(0.5,) * 3),
    )


def settings(folder: Path, **changed) -> TrainSettings:
    fixed = {"device": "cpu", "amp": "off", "compile": "off", "guard": "off", "threads": 1, "micro_batch": 8}
    return TrainSettings(folder=folder, **{**fixed, **changed})


def options(recipe="linear-then-full", **changed) -> Options:
    fixed = {"recipe": recipe, "size": SIDE, **({"teacher": "timm/test_vit"} if recipe == "distill" else {})}
    return Options(**{**fixed, **changed})


def built(recipe, name=RESNET, *, classes=3, start=None, **changed):
    """The recipe, its recogniser and its phases."""
    chosen, told = find_recipe(recipe), options(recipe, **changed)
    recogniser = chosen.build(network(name), classes, told, start)
    return chosen, recogniser, chosen.phases(recogniser, told)


def pictures(count=4, *, side=SIDE, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8))


def trained(recogniser, phases) -> set[str]:
    """Names of the parameters in the phases' groups."""
    names = {id(each): name for name, each in recogniser.named_parameters()}
    return {names[id(each)] for phase in phases for group in phase.groups(recogniser) for each in group["params"]}
