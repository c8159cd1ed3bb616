"""One row an epoch: what was trained, how well it went, and which epoch was the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

FIELDS = {
    "phase": "name of the phase",
    "epoch": "number of the epoch within the phase, from 1",
    "epochs": "epochs trained so far in all phases; not whole where a phase ended within one",
    "train_loss": "mean over the photos as they were varied, while the weights changed",
    "train_accuracy": "share of these recognised; of mixed photos the one with the larger share counts",
    "held_loss": "mean log-loss on the held-out photos, without smoothing or adjustment; empty where there are none",
    "held_accuracy": "share of the held-out photos recognised; empty where there are none",
    "rate": "learning rate of the fastest group at the last step",
    "size": "short side of the pictures at the last step",
    "images_per_s": "photos trained on per second, by all processes together",
    "seconds": "since the training began, what an interruption took left out",
}
"""Columns of the history and of log.csv, and what they mean."""


def best_row(history: Sequence[Row]) -> int | None:
    """Index of the epoch with the highest accuracy on the held-out photos; of equal ones, the lowest loss there."""
    measured = [index for index, row in enumerate(history) if row["held_accuracy"] is not None]
    if not measured:
        return None
    return max(measured, key=lambda index: (history[index]["held_accuracy"], -history[index]["held_loss"]))
