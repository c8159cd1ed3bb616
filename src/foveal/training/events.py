"""What a training tells while it runs: steps, epochs and remarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepDone:
    """Where a training stands; told a few times a second at most.

    Args:
        phase: Name of the phase.
        epoch: Number of the epoch within the phase, from 1.
        epochs: Epochs the phase will take, as planned now; a budget changes it.
        step: Steps of this epoch that are done.
        steps: Steps of an epoch.
        loss: Mean over the epoch so far, of this process's photos.
        accuracy: Share of the photos of the epoch so far that were recognised as they were trained on, 0..1.
        images_per_s: Photos trained on per second lately, by all processes together.
        seconds_left: Until the training ends, as planned now, evaluation included.
    """

    phase: str
    epoch: int
    epochs: float
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_s: float
    seconds_left: float


@dataclass(frozen=True)
class EpochDone:
    """An epoch was trained and measured.

    Args:
        row: Its row of the history; see `foveal.training.history.FIELDS`.
    """

    row: Mapping[str, Any]


@dataclass(frozen=True)
class Note:
    """Something a person should know that does not stop the training."""

    text: str


Event = StepDone | EpochDone | Note


def no_listener(event: Event) -> None:
    """Show nothing."""


Listener = Callable[[Event], None]
"""Told of events, from the training's own thread and by the first process only."""
