"""What a training is: the parts that must be the same for a checkpoint to go on from, each as a digest."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from foveal.data.photo import photo_name
from foveal.training.optimiser import Group
from foveal.training.phase import Phase
from foveal.training.settings import TrainingData, TrainSettings


def describe_job(
    recogniser: nn.Module, phases: Sequence[Phase], data: TrainingData, settings: TrainSettings, ranks: int
) -> dict[str, str]:
    """The parts of a training by name, for people, and the digest of each.

    Where the photos lie, and what the network's weights are, is not asked: a folder may move, and the weights are in
    the checkpoint.
    """
    rows = [*data.train_rows.tolist(), *data.held_rows.tolist()]
    photos = [photo_name(data.photos[row], row).replace("\\", "/").rsplit("/", 1)[-1] for row in rows]
    return {
        "the photos": _digest(photos),
        "their labels": _digest([data.labels[rows].tolist(), len(data.train_rows)]),
        "the classes": _digest(data.class_names),
        "the input": _digest(data.preprocess.to_dict()),
        "the network": _digest([(name, tuple(value.shape)) for name, value in recogniser.state_dict().items()]),
        "the recipe": _digest([_told(phase, recogniser) for phase in phases]),
        "the seed": _digest(settings.seed),
        "the number of processes": _digest(ranks),
    }


def _told(phase: Phase, recogniser: nn.Module) -> list[Any]:
    fields = {field.name: getattr(phase, field.name) for field in dataclasses.fields(phase)}
    groups: Callable[[Any], list[Group]] = fields.pop("groups")
    names = {id(parameter): name for name, parameter in recogniser.named_parameters()}
    trained = [
        ({key: value for key, value in group.items() if key != "params"}, [names[id(each)] for each in group["params"]])
        for group in groups(recogniser)
    ]
    return [sorted(fields.items()), trained]


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
