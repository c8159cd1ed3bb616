"""How many steps fit into the time there is: from what steps and evaluations have taken so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from foveal.errors import FovealError
from foveal.training.phase import Phase

WARM_UP_STEPS = 2
"""Steps at a new size that are not timed: memory is taken and kernels are chosen in them."""

MEASURED_STEPS = 3
"""Timed steps from which on too little time is refused: one that took long may have been an accident."""

ROUGH_STEPS = 2
"""Steps from which on there is a plan: the first takes memory, chooses kernels and decodes, and tells nothing."""

# How much the latest time counts: the last half a minute or so decides.
_MEMORY_S = 30.0
# A forward pass takes about a third of a step, which goes back as well and changes the weights.
_FORWARD_SHARE = 1 / 3
# Where so much of a phase is done, its rate is nearly 0: steps that turn out to fit in as well would learn nothing.
_SETTLED = 0.97
# Of the time: how much later than planned a training may end, by a last step or by the least epochs it was begun for.
_GRACE = 0.07


@dataclass
class Costs:
    """What things took, in seconds.

    Args:
        steps: Per size in pixels, as text: seconds a step.
        seen: Per size: steps so far, those of the warm-up among them.
        rough: Per size: the fastest step of the warm-up.
        evaluation: Of the held-out photos, with what else an epoch ends with; None before the first.
    """

    steps: dict[str, float] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    rough: dict[str, float] = field(default_factory=dict)
    evaluation: float | None = None

    def stepped(self, pixels: int, seconds: float, steps: int) -> None:
        """Some steps of one size were done."""
        key = str(pixels)
        seen = self.seen[key] = self.seen.get(key, 0) + steps
        if seen <= WARM_UP_STEPS:
            self.rough[key] = min(seconds / steps, self.rough.get(key, math.inf))
            return
        share = 1.0 if key not in self.steps else 1 - math.exp(-seconds / _MEMORY_S)
        # Single steps flutter: the first few count alike.
        share = max(share, min(1.0, steps / max(1, seen - WARM_UP_STEPS)))
        self.steps[key] = (1 - share) * self.steps.get(key, 0.0) + share * seconds / steps

    def evaluated(self, seconds: float) -> None:
        """An epoch ended."""
        self.evaluation = seconds if self.evaluation is None else (self.evaluation + seconds) / 2

    def measured(self, pixels: int) -> bool:
        """Whether enough was seen of a size to plan with."""
        return self.seen.get(str(pixels), 0) >= WARM_UP_STEPS + MEASURED_STEPS

    def step(self, pixels: int) -> float | None:
        """Seconds of a step of a size; from the nearest other one, by area, where it was not seen yet.

        Steps of the warm-up tell it where there are no others.
        """
        known = {int(key): seconds for key, seconds in (self.steps or self.rough).items()}
        if not known:
            return None
        nearest = min(known, key=lambda each: abs(math.log(each / pixels)))
        return known[nearest] * pixels / nearest


@dataclass(frozen=True)
class Work:
    """What is left of a phase.

    Args:
        phase: The phase.
        steps: Steps of an epoch.
        done: Steps of the phase that are done.
        step: Steps of this epoch that are done.
        progress: Share of the phase that is done.
        sizes: Pixels of a picture, first size to last, for equal shares of the phase.
        held_batches: Held-out photos, in batches of the phase.
        held_pixels: Pixels of a picture when it is measured on.
    """

    phase: Phase
    steps: int
    done: int
    step: int
    progress: float
    sizes: Sequence[int]
    held_batches: float
    held_pixels: int

    @property
    def pixels(self) -> int:
        """Pixels of a picture now."""
        return self.sizes[min(len(self.sizes) - 1, int(self.progress * len(self.sizes)))]

    def step_s(self, costs: Costs) -> float:
        """Seconds of a step, on average over what is left of the phase; infinite before the first was timed."""
        total, left = 0.0, max(1e-9, 1 - self.progress)
        for number, pixels in enumerate(self.sizes):
            begins, ends = number / len(self.sizes), (number + 1) / len(self.sizes)
            share = max(0.0, ends - max(begins, self.progress)) / left
            seconds = costs.step(pixels)
            total += share * seconds if seconds is not None else math.inf
        return total if total > 0 else costs.step(self.sizes[-1]) or math.inf

    def evaluation_s(self, costs: Costs) -> float:
        """Seconds that the end of an epoch takes."""
        if costs.evaluation is not None:
            return costs.evaluation
        return self.held_batches * _FORWARD_SHARE * (costs.step(self.held_pixels) or 0.0)

    def seconds(self, left: int, costs: Costs) -> float:
        """What a number of further steps would take, with the evaluations among them and after them."""
        return left * self.step_s(costs) + self._evaluations(left) * self.evaluation_s(costs)

    def affordable(self, seconds: float, costs: Costs) -> int:
        """Most further steps that fit into a time, with their evaluations; 0 where not one does."""
        low, high = 0, int(max(0.0, seconds) / self.step_s(costs))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.seconds(middle, costs) <= seconds else (low, middle - 1)
        return low

    def _evaluations(self, left: int) -> int:
        return math.ceil((self.step + left) / self.steps)


@dataclass(frozen=True)
class Budget:
    """A time that is kept to.

    Args:
        seconds: For the training: without what is reserved for what follows.
        phases: All phases.
    """

    seconds: float
    phases: Sequence[Phase]

    def plan(
        self, number: int, work: Work, costs: Costs, elapsed: float, *, left: int, planned: bool
    ) -> tuple[int, bool]:
        """Steps of a phase that are left, as far as the time goes; in the first epoch as well as later.

        The time left is divided among the phases by their epochs. Once it was measured that the phase's least epochs
        fit in, they are trained even where that takes a little longer than the budget.

        Args:
            number: Index of the phase.
            work: What is left of it.
            costs: What was measured.
            elapsed: Seconds since the training began.
            left: Steps that were left as planned so far.
            planned: Whether it was measured already that the phase's least epochs fit into the time.

        Returns:
            Steps that are left, and whether it is measured now that the least epochs fit in.

        Raises:
            FovealError: `budget-too-short`: the least epochs of the phase do not fit in, or not any more.
        """
        phase = work.phase
        if sum(costs.seen.values()) < ROUGH_STEPS and elapsed < self.seconds:
            return left, planned
        # Above 0, for after the last step that was planned the last phase still owns all the time.
        own = max(1e-9, phase.epochs * (1 - work.progress))
        later = sum(each.epochs for each in self.phases[number + 1 :])
        available = (self.seconds - elapsed) * own / (own + later)
        # A step that ends nearer to the time than the one before it fits in, where steps are short.
        spare = min(work.step_s(costs) / 2, _GRACE * self.seconds)
        steps = work.affordable(available + spare, costs)
        least = math.ceil(phase.least_epochs * work.steps) - work.done
        measured = costs.measured(work.pixels)
        if steps < least:
            if planned and elapsed + work.seconds(least, costs) <= (1 + _GRACE) * self.seconds:
                steps = least
            elif steps == 0 or measured:
                raise self._too_short(phase, work, costs, elapsed, least)
        if work.progress >= _SETTLED:
            steps = min(steps, max(left, least))
        steps = max(0, min(steps, round(phase.ceiling * work.steps) - work.done))
        return steps, planned or (measured and steps >= least)

    def _too_short(self, phase: Phase, work: Work, costs: Costs, elapsed: float, least: int) -> FovealError:
        need = elapsed + work.seconds(least, costs)
        about = f"about {need:.0f} s with what came before" if math.isfinite(need) else "the first step of them"
        return FovealError(
            "budget-too-short",
            f"phase {phase.name}: expected time for {phase.least_epochs:g} epochs, {about}, got {self.seconds:.0f} s",
            hint="give it more time, a smaller network or smaller pictures, or stay with the frozen network",
        )


def costs_of(values: dict[str, Any]) -> Costs:
    """The costs that a checkpoint kept; the first steps of a new process are a warm-up again."""
    return Costs(**{**values, "seen": {}})
