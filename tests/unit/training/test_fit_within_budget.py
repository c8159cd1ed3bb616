"""`fit` with a budget by a clock that only the test moves: probe, yardstick, trials, steps, evaluations and the end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import network  # noqa: E402

from foveal.data.read import read  # noqa: E402
from foveal.training import batch_size, carry_out, device, loop  # noqa: E402
from foveal.training.recipes import find_recipe  # noqa: E402
from foveal.training.stretch import Stretch  # noqa: E402
from foveal.workflows import spend, train  # noqa: E402
from foveal.workflows.fit import Fit  # noqa: E402
from foveal.workflows.recipe import Recipe  # noqa: E402
from foveal.workflows.teach import Lesson  # noqa: E402

PROBE_S, YARDSTICK_S, FIRST_STEP_S, EVALUATION_S = 6.0, 4.0, 5.0, 1.5
STORY: Any = {
    "difference": 0.1,
    "payoff": "pays",
    "before": {"log_loss": 0.5},
    "after": {"log_loss": 0.4},
    "conclusion": "it pays",
}


@dataclass(frozen=True)
class Model:
    record: dict[str, Any]


class Machine:
    """What everything takes, and the time it is."""

    def __init__(self, monkeypatch, *, step_s, concluding_s):
        self.now, self.steps, self._step_s = 1000.0, 0, step_s
        self._concluding_s = concluding_s
        monkeypatch.setenv("FOVEAL_THREADS", "1")
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        for module in (device, batch_size):
            monkeypatch.setattr(module, "images_per_s", self._tried)
        for module in (loop, carry_out):
            monkeypatch.setattr(module, "logits_of", self._slow(EVALUATION_S, module.logits_of))
        monkeypatch.setattr(Stretch, "step", self._slow_step(Stretch.step))
        monkeypatch.setattr(spend, "fit_in_full", self._fitted)
        monkeypatch.setattr(train, "created", lambda wishes: (find_recipe(wishes.recipe), network()))
        monkeypatch.setattr(train, "prepare", self._prepared)
        monkeypatch.setattr(train, "side_of", lambda *_: {"accuracy": 0.5, "log_loss": 9.0})
        monkeypatch.setattr(train, "conclude", self._slow(concluding_s, lambda *args, **named: None))
        monkeypatch.setattr(train._Run, "_trained", self._trained)

    def _slow(self, seconds, called):
        def slow(*args, **named):
            self.now += seconds
            return called(*args, **named)

        return slow

    def _slow_step(self, called):
        def slow(*args, **named):
            self.steps += 1
            self.now += FIRST_STEP_S if self.steps == 1 else self._step_s
            called(*args, **named)

        return slow

    def _tried(self, *_, seconds, **__):
        self.now += seconds
        return 20.0

    def _fitted(self, *_, **__):
        self.now += PROBE_S
        return Fit(Model({"seconds": {"total": PROBE_S}}), (), ())

    def _prepared(self, training, *_):
        self.now += YARDSTICK_S
        labels, classes = training.labels, training.class_names
        rows = np.arange(len(training))
        held = rows[::4]
        lesson = Lesson(training, rows, labels, classes, np.setdiff1d(rows, held), held, rows.astype(np.int64))
        return SimpleNamespace(
            lesson=lesson,
            kept=SimpleNamespace(fingerprint="photos"),
            probe=SimpleNamespace(figures=None),
            frozen=SimpleNamespace(card=SimpleNamespace(parameters=1_000_000)),
            cost=SimpleNamespace(milliseconds=20.0),
        )

    def _trained(self, *_):
        return SimpleNamespace(model=Model({"seconds": {}}), measured=(), findings=(), before_after=STORY)


@pytest.mark.parametrize(("budget_s", "step_s"), [(60.0, 0.7), (60.0, 4.0), (120.0, 8.0)])
def test_a_budget_is_kept_within_a_tenth_with_all_that_belongs_to_it(photos, monkeypatch, budget_s, step_s):
    machine = Machine(monkeypatch, step_s=step_s, concluding_s=7.5)
    done = spend.fit_within(read(photos), Recipe(), budget_s)
    told = done.model.record["budget"]
    assert told["chosen"] == "fine-tuned", told["reason"]
    assert told["spent_s"] == pytest.approx(machine.now - 1000, abs=0.1)
    # What the command writes afterwards belongs to it as well.
    assert 0.9 * budget_s <= told["spent_s"] + train.WRITING_S <= 1.1 * budget_s


def test_a_machine_too_slow_for_half_an_epoch_keeps_the_probe(photos, monkeypatch):
    machine = Machine(monkeypatch, step_s=40.0, concluding_s=7.5)
    done = spend.fit_within(read(photos), Recipe(), 60.0)
    told = done.model.record["budget"]
    assert told["chosen"] == "probe"
    assert "time" in told["reason"]
    assert machine.now - 1000 <= 1.1 * 60
