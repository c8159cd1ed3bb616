"""The one loop: phases, epochs and steps, on one processor, one GPU or many; it goes on where it was killed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foveal.training import checkpoint as checkpoints
from foveal.training.begin import Begun, begin, to_shard
from foveal.training.budget import Budget, Costs, Work, costs_of
from foveal.training.evaluate_held import held_figures, logits_of
from foveal.training.events import EpochDone, Event, StepDone
from foveal.training.feeds import Feeds, Size, fitting_batch, sizes_of
from foveal.training.guards import (
    TRIED_PHOTOS,
    TRIED_STEPS,
    diverged,
    never_fell_note,
    one_batch_note,
    start_note,
)
from foveal.training.history import Row
from foveal.training.interruption import Interruption
from foveal.training.outcome import Outcome
from foveal.training.phase import Phase
from foveal.training.ranks.world import World
from foveal.training.schedule import factor
from foveal.training.settings import TrainingData, TrainSettings
from foveal.training.stopping import nothing_gained
from foveal.training.stretch import ExtraLoss, Stretch

# Several processes look up together every so many steps; one alone looks up so many times a second.
_TOGETHER_STEPS = 10
_LOOK_S = 0.25
# The first steps at a size are timed one by one.
_TIMED_STEPS = 6
_LOGGED_STEPS = 20
# One batch is tried beforehand where that is less than a twenty-fifth of all steps.
_WORTH_TRYING = 25


def run(
    recogniser: nn.Module,
    phases: Sequence[Phase],
    data: TrainingData,
    settings: TrainSettings,
    world: World,
    *,
    extra_loss: ExtraLoss | None = None,
    feeds: Feeds | None = None,
) -> Outcome:
    """Train.

    Each phase goes through its epochs step by step. After each epoch the held-out photos are measured, the history and
    the checkpoint written. What is kept in the end are the last weights, or their running average: to choose among
    epochs by the held-out photos would flatter the figure measured on these same photos.

    Args:
        recogniser: Images uint8 [N, H, W, 3] to logits [N, C]; trained in place.
        phases: What to do, one after the other.
        data: Photos to train on, and photos held out.
        settings: How to run.
        world: The processes; every one of them calls this.
        extra_loss: Added to the loss against the labels, as a teacher's answers are.
        feeds: Where batches come from; None = the photos themselves.

    Raises:
        FovealError: `training-diverged`, `budget-too-short`, `checkpoint-mismatch`, `checkpoint-damaged`,
            `training-unfinished`, `cannot-write`, `needs-extra`, `photo-lost`, `rank-lost`.
        KeyboardInterrupt: Somebody wanted it to end; the checkpoint is written.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng())
        interruption = stack.enter_context(Interruption(sigterm=world.size == 1))
        begun = begin(recogniser, phases, data, settings, world, feeds, stack)
        training = _Training(begun, interruption, extra_loss)
        while begun.at.phase < len(phases):
            training.train_phase()
        return training.outcome()


class _Training:
    """A training under way."""

    def __init__(self, begun: Begun, interruption: Interruption, extra_loss: ExtraLoss | None) -> None:
        self._begun, self._interruption, self._extra_loss = begun, interruption, extra_loss
        self._data, self._settings, self._world = begun.data, begun.settings, begun.world
        self._at = begun.at
        before = Costs(evaluation=self._settings.evaluation_s)
        self._costs: Costs = costs_of(self._at.costs) if self._at.costs else before
        self._budget: Budget | None = None
        if self._settings.budget_s is not None:
            self._budget = Budget(self._settings.budget_s - self._settings.reserve_s, begun.phases)
        classes, held = self._data.classes, len(self._data.held_rows)
        self._held_logits: NDArray[np.float32] = np.zeros((held, classes), np.float32)
        self._right: NDArray[np.bool_] = np.zeros((0, held), np.bool_)
        self._mark = self._saved_at = time.monotonic()
        self._shown_at = 0.0
        self._ticks = 0

    def train_phase(self) -> None:
        """Train one phase to its end."""
        begun, at = self._begun, self._at
        phase = begun.phases[at.phase]
        if at.at == 0 and self._world.main:
            self._try_one_batch(phase)
        sharded = self._world.size > 1 and self._settings.parallel == "fsdp"
        trained = to_shard(begun.recogniser, begun.device) if sharded else begun.recogniser
        stretch = Stretch(
            phase,
            trained,
            begun.device,
            self._world,
            counts=self._data.counts,
            seed=self._settings.seed,
            parallel=self._settings.parallel,
            micro_batch=begun.micro_batch(at.phase),
            extra_loss=self._extra_loss,
        )
        if begun.checkpoint is not None:
            self._restore(stretch, begun.checkpoint)
            begun.checkpoint = None
        steps = begun.feeds.train(phase, self._size(phase)).steps
        if at.left < 0:
            # Under a budget it is planned anew after the second step, with the most there can be until then.
            at.left = max(1, round((phase.epochs if self._budget is None else phase.ceiling) * steps))
            self._replan(stretch, steps)
        while at.left > 0:
            self._train_epoch(stretch, steps)
            self._end_epoch(stretch, steps)
        stretch.end()
        if sharded:
            checkpoints.put(begun.recogniser.state_dict(), checkpoints.whole(trained.state_dict()))
            begun.device.place(begun.recogniser)
        at.phase_ended(steps)
        # Steps of the next phase may train other layers.
        self._costs = Costs(evaluation=self._costs.evaluation)
        self._right = self._right[:0]

    def outcome(self) -> Outcome:
        """What it came to, with the weights that are kept."""
        at, best = self._at, self._at.best
        kept = len(at.history) - 1 if at.history else None
        if self._settings.keep == "best" and best is not None and best != kept:
            found = checkpoints.read(self._settings.folder / checkpoints.BEST, self._begun.job)
            checkpoints.put(self._begun.recogniser.state_dict(), found.part("ema") or found.part("model"))
            self._held_logits, kept = found.tensors["held/logits"].numpy(), best
        return Outcome(
            self._begun.recogniser.eval(),
            self._held_logits,
            tuple(at.history),
            self._begun.elapsed(),
            tuple(at.notes),
            best,
            kept,
            self._begun.device,
        )

    def _train_epoch(self, stretch: Stretch, steps: int) -> None:
        """Train to the end of the epoch, or of the phase where it ends before."""
        at, phase = self._at, stretch.phase
        self._mark, self._ticks = time.monotonic(), 0
        while at.left > 0 and at.step < steps:
            size = self._size(phase)
            feed = self._begun.feeds.train(phase, size)
            for batch in feed.epoch(at.epochs_begun, first_step=at.step):
                stretch.step(batch, at=at.at, factor=factor(at.middle, warmup=phase.warmup, shape=phase.shape))
                at.stepped()
                self._look_up(stretch, size, steps)
                if at.left <= 0 or self._size(phase) != size:
                    break

    def _look_up(self, stretch: Stretch, size: Size, steps: int) -> None:
        """After a step: log, watch the numbers and the clock, save, and see whether somebody wants it to end."""
        at = self._at
        self._ticks += 1
        if self._begun.log is not None and at.at % max(1, steps // _LOGGED_STEPS) == 0:
            loss, accuracy, _ = stretch.took()
            self._begun.log.step(at.at, {"loss": loss, "accuracy": accuracy, "rate": stretch.rate})
        if not self._due(size):
            return
        self._refuse_nan(stretch)
        now = time.monotonic()
        pixels = size[0] * size[1]
        self._costs.stepped(pixels, now - self._mark, self._ticks)
        if at.at == 1 and stretch.first is not None:
            self._note(start_note(*stretch.first, getattr(self._begun.recogniser, "beginning", "random")))
        if not at.blind and stretch.first is not None:
            at.blind = stretch.first[1]
        if at.step < steps or at.left <= 0:
            # At the end of an epoch that goes on it is planned after the evaluation.
            self._replan(stretch, steps)
        self._show(stretch, self._work(stretch.phase, steps), pixels)
        # What looking up takes is a part of what steps take.
        self._mark, self._ticks = now, 0
        if at.left <= 0 or at.step == steps:
            # The epoch ends here, which measures, saves and stops by itself.
            return
        stop = self._world.agree(self._interruption.wanted)
        if stop or self._world.broadcast(now - self._saved_at >= self._settings.checkpoint_s):
            self._save(stretch)
        if stop:
            raise KeyboardInterrupt

    def _due(self, size: Size) -> bool:
        """Whether to look up: it waits for a GPU, and for the other processes."""
        if self._costs.seen.get(str(size[0] * size[1]), 0) < _TIMED_STEPS or self._at.left <= 0:
            return True
        if self._world.size > 1:
            return self._at.at % _TOGETHER_STEPS == 0
        waited = time.monotonic() - self._mark
        return self._begun.device.kind == "cpu" or waited >= _LOOK_S or self._interruption.wanted

    def _replan(self, stretch: Stretch, steps: int) -> None:
        at, budget = self._at, self._budget
        if budget is None:
            return
        work = self._work(stretch.phase, steps)

        def plan() -> tuple[int, bool]:
            elapsed = self._begun.elapsed()
            return budget.plan(at.phase, work, self._costs, elapsed, left=at.left, planned=at.planned)

        at.left, at.planned = self._world.on_main(plan)

    def _end_epoch(self, stretch: Stretch, steps: int) -> None:
        """Measure, log and save."""
        at, began = self._at, time.monotonic()
        row = self._measure(stretch, steps)
        at.history.append(row)
        if len(self._data.held_rows):
            right = self._held_logits.argmax(axis=1) == self._data.labels[self._data.held_rows]
            self._right = np.concatenate([self._right, right[None]])
        own = [each for each in at.history if each["phase"] == stretch.phase.name][-at.epoch - 1 :]
        if not any("nothing is learnt" in note for note in at.notes):
            self._note(never_fell_note(own, at.blind))
        if at.left > 0 and nothing_gained(self._right, stretch.phase.patience):
            self._note(
                f"phase {row['phase']} ended after {at.epoch + 1} epochs of {(at.done + at.left) / steps:.3g}: the "
                f"last {stretch.phase.patience} are credibly no better than those before"
            )
            at.left = 0
        if at.step == steps:
            at.epoch_ended()
            if at.left > 0:
                self._costs.evaluated(time.monotonic() - began)
                self._replan(stretch, steps)
        at.finished = at.left <= 0 and at.phase == len(self._begun.phases) - 1
        stretch.sums.zero_()
        if self._begun.log is not None:
            self._begun.log.epoch(at.at, at.history)
            self._tell(EpochDone(row))
        self._save(stretch)
        if self._world.main and at.best == len(at.history) - 1:
            folder = self._settings.folder
            checkpoints.keep_as(folder / checkpoints.LAST, folder / checkpoints.BEST)
        self._costs.evaluated(time.monotonic() - began)
        if self._world.agree(self._interruption.wanted):
            raise KeyboardInterrupt

    def _measure(self, stretch: Stretch, steps: int) -> Row:
        """The row of the epoch that was just trained."""
        at, world, device = self._at, self._world, self._begun.device
        self._refuse_nan(stretch)
        total, right, count = world.sum(stretch.sums).tolist()
        loss = accuracy = None
        if len(self._data.held_rows):
            with stretch.measured() as model:
                self._held_logits = logits_of(
                    model,
                    self._begun.feeds.held(),
                    world,
                    classes=self._data.classes,
                    device=device.torch_device,
                    amp=device.amp,
                    sharded=world.size > 1 and self._settings.parallel == "fsdp",
                )
            loss, accuracy, _ = held_figures(self._held_logits, self._data.labels[self._data.held_rows])
        size = self._size(stretch.phase)
        step_s = self._costs.step(size[0] * size[1])
        return {
            "phase": stretch.phase.name,
            "epoch": at.epoch + 1,
            "epochs": at.trained + at.done / steps,
            "train_loss": total / max(1.0, count),
            "train_accuracy": right / max(1.0, count),
            "held_loss": loss,
            "held_accuracy": accuracy,
            "rate": stretch.rate,
            "size": min(size),
            "images_per_s": self._images(stretch.phase) / step_s if step_s else None,
            "seconds": self._begun.elapsed(),
        }

    def _refuse_nan(self, stretch: Stretch) -> None:
        """Stop, in all processes, where the loss or the gradient of one is no number any more."""
        bad = stretch.bad_rows()
        if not self._world.agree(bad is not None):
            return
        at, folder = self._at, self._settings.folder
        own = np.zeros(0, np.int64) if bad is None else bad[1].cpu().numpy()
        rows, _ = self._world.gather_rows(own, own)
        kept = checkpoints.find(folder)
        step = at.step if bad is None else bad[0] - at.at + at.step + 1
        where = f"phase {stretch.phase.name}, epoch {at.epoch + 1}, step {step}"
        raise diverged(self._data, rows, where=where, rate=stretch.rate, kept=str(kept or ""))

    def _try_one_batch(self, phase: Phase) -> None:
        feed = self._begun.feeds.train(phase, self._size(phase))
        planned = sum(each.epochs for each in self._begun.phases) * feed.steps
        guard = self._settings.guard
        if guard == "off" or not phase.label_weight or (guard == "auto" and planned < _WORTH_TRYING * TRIED_STEPS):
            return
        batch = next(feed.epoch(0))
        upload = self._begun.device.upload
        images, labels = upload(batch.images[:TRIED_PHOTOS]), upload(batch.labels[:TRIED_PHOTOS])
        self._note(one_batch_note(self._begun.recogniser, phase, images, labels, amp=self._begun.device.autocast))

    def _restore(self, stretch: Stretch, found: checkpoints.Checkpoint) -> None:
        stretch.restore(found)
        self._held_logits = found.tensors["held/logits"].numpy()
        self._right = found.tensors["held/right"].numpy().astype(np.bool_)

    def _save(self, stretch: Stretch) -> None:
        """Write the last checkpoint."""
        at, begun = self._at, self._begun
        tensors, told = stretch.state()
        tensors["held/logits"] = torch.from_numpy(self._held_logits)
        tensors["held/right"] = torch.from_numpy(self._right.astype(np.uint8))
        at.seconds, at.costs = begun.elapsed(), asdict(self._costs)
        found = checkpoints.Checkpoint(tensors, {"at": at.to_dict(), "stretch": told, **begun.facts()}, begun.job)
        self._world.on_main(lambda: checkpoints.write(self._settings.folder / checkpoints.LAST, found))
        self._saved_at = self._mark = time.monotonic()

    def _show(self, stretch: Stretch, work: Work, pixels: int) -> None:
        now = time.monotonic()
        if not self._world.main or now - self._shown_at < _LOOK_S:
            return
        self._shown_at = now
        at, phase = self._at, stretch.phase
        step_s = self._costs.step(pixels)
        loss, accuracy, _ = stretch.took()
        own = work.seconds(at.left, self._costs)
        each = work.steps * work.step_s(self._costs) + work.evaluation_s(self._costs)
        later = sum(each * phase.epochs for phase in self._begun.phases[at.phase + 1 :])
        self._tell(
            StepDone(
                phase=phase.name,
                epoch=at.epoch + 1,
                epochs=(at.done + at.left) / work.steps,
                step=at.step,
                steps=work.steps,
                loss=loss,
                accuracy=accuracy,
                images_per_s=self._images(phase) / step_s if step_s else 0.0,
                seconds_left=own + later,
            )
        )

    def _note(self, text: str | None) -> None:
        if text is None:
            return
        self._at.notes.append(text)
        self._begun.say(text)

    def _tell(self, event: Event) -> None:
        self._settings.listener(event)

    def _work(self, phase: Phase, steps: int) -> Work:
        at, size_wh = self._at, self._data.preprocess.size_wh
        return Work(
            phase,
            steps,
            at.done,
            at.step,
            at.progress,
            [width * height for width, height in sizes_of(phase, size_wh)],
            len(self._data.held_rows) / self._images(phase),
            size_wh[0] * size_wh[1],
        )

    def _size(self, phase: Phase) -> Size:
        """The size of the pictures now."""
        sizes = sizes_of(phase, self._data.preprocess.size_wh)
        return sizes[min(len(sizes) - 1, int(self._at.progress * len(sizes)))]

    def _images(self, phase: Phase) -> int:
        """Photos of a step, of all processes together."""
        return fitting_batch(phase.batch, len(self._data.train_rows), self._world.size)
