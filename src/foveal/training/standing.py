"""Where a training stands: all of it that is neither weights nor settings, as JSON can hold it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from foveal.training.history import Row, best_row


@dataclass
class Standing:
    """Where a training stands.

    Args:
        phase: Index of the phase that goes on, or comes next.
        epoch: Index of its epoch that goes on, or comes next.
        step: Steps of this epoch that are done.
        epochs_begun: Epochs begun before this one, in all phases; what varies the photos depends on it.
        at: Steps done, in all phases.
        progress: Share of the phase that is done, 0..1; the learning rate depends on it.
        left: Steps of the phase that are left, as planned now; -1 = not planned yet.
        done: Steps of the phase that are done.
        trained: Epochs trained in the phases that ended.
        seconds: Time taken so far.
        history: Rows so far.
        notes: Remarks so far.
        blind: Loss of equal logits on the first batch of the phase; 0 before it.
        costs: What was measured of times; see `foveal.training.budget.Costs`.
        planned: Whether the phase has its plan under the budget.
        finished: Whether nothing is left to do.
    """

    phase: int = 0
    epoch: int = 0
    step: int = 0
    epochs_begun: int = 0
    at: int = 0
    progress: float = 0.0
    left: int = -1
    done: int = 0
    trained: float = 0.0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    blind: float = 0.0
    costs: dict[str, Any] = field(default_factory=dict)
    planned: bool = False
    finished: bool = False

    @property
    def best(self) -> int | None:
        """Index of the best row of the history."""
        return best_row(self.history)

    @property
    def middle(self) -> float:
        """Progress in the middle of the step that comes, so that neither the first nor the last stands still."""
        return min(1.0, self.progress + (1 - self.progress) / max(1, self.left) / 2)

    def stepped(self) -> None:
        """One more step is done."""
        self.progress += (1 - self.progress) / max(1, self.left)
        self.left -= 1
        self.step += 1
        self.done += 1
        self.at += 1

    def epoch_ended(self) -> None:
        """The next step is the first of an epoch."""
        self.epoch += 1
        self.epochs_begun += 1
        self.step = 0

    def phase_ended(self, steps: int) -> None:
        """The next step is the first of a phase.

        Args:
            steps: Steps of an epoch of the phase that ended.
        """
        self.trained += self.done / steps
        if self.step:
            self.epoch_ended()
        self.phase += 1
        self.epoch = self.done = 0
        self.progress, self.left, self.blind, self.planned = 0.0, -1, 0.0, False

    def to_dict(self) -> dict[str, Any]:
        """The fields, as JSON can hold them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Standing:
        """The object that `to_dict` described; numbers come back exactly."""
        return cls(**values)
