from __future__ import annotations

import os
import signal
import time
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import begin, device, loop, schedule  # noqa: E402
from foveal.training.budget import Budget, Costs, Work, costs_of  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.stretch import Stretch  # noqa: E402

PIXELS = 100


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("FOVEAL_THREADS", "1")


def costs(step=1.0, evaluation=5.0):
    return Costs(steps={str(PIXELS): step}, seen={str(PIXELS): 100}, evaluation=evaluation)


def work(phase=None, *, done=0, step=0, progress=0.0, sizes=(PIXELS,)):
    return Work(phase or tiny.phase(), 10, done, step, progress, sizes, 2.0, 2 * PIXELS)


@given(
    seconds=st.floats(0, 500),
    step=st.integers(0, 9),
    step_s=st.floats(0.1, 5),
    evaluation=st.floats(0, 20),
)
def test_what_is_affordable_fits_and_one_more_would_not(seconds, step, step_s, evaluation):
    found, measured = work(step=step), costs(step_s, evaluation)
    left = found.affordable(seconds, measured)
    assert found.seconds(left, measured) <= seconds or left == 0
    assert found.seconds(left + 1, measured) > seconds


def test_evaluations_are_counted():
    assert work().seconds(10, costs()) == pytest.approx(15)
    assert work().seconds(11, costs()) == pytest.approx(21)
    assert work(step=5).seconds(6, costs()) == pytest.approx(16)


def test_larger_pictures_take_longer_before_they_were_seen():
    assert costs().step(400) == pytest.approx(4)
    assert work(sizes=(PIXELS, 3 * PIXELS)).step_s(costs()) == pytest.approx(2)
    assert work(sizes=(PIXELS, 3 * PIXELS), progress=0.5).step_s(costs()) == pytest.approx(3)


def test_the_first_steps_at_a_size_do_not_count():
    found = Costs()
    found.stepped(PIXELS, 60.0, 1)
    found.stepped(PIXELS, 60.0, 1)
    assert not found.steps
    found.stepped(PIXELS, 1.0, 1)
    assert found.step(PIXELS) == pytest.approx(1)


def test_a_machine_that_becomes_slower_is_noticed():
    found = costs(step=1.0)
    for _ in range(60):
        found.stepped(PIXELS, 2.0, 1)
    assert found.step(PIXELS) == pytest.approx(2, rel=0.05)


def test_the_held_out_photos_are_looked_at_in_their_own_size():
    assert work().evaluation_s(costs(evaluation=None)) == pytest.approx(2 * 2 / 3)


def test_until_steps_are_timed_the_fastest_of_the_warm_up_is_what_a_step_takes():
    found = Costs()
    found.stepped(PIXELS, 60.0, 1)
    found.stepped(PIXELS, 6.0, 1)
    assert found.step(PIXELS) == pytest.approx(6)
    found.stepped(PIXELS, 1.0, 1)
    assert found.step(PIXELS) == pytest.approx(1)


def test_a_process_that_goes_on_warms_up_again():
    again = costs_of(asdict(costs(step=2.0)))
    assert again.step(PIXELS) == pytest.approx(2)
    assert not again.measured(PIXELS)
    again.stepped(PIXELS, 60.0, 1)
    assert again.step(PIXELS) == pytest.approx(2)


def plan(budget, number, found, measured, elapsed=0.0, *, left=1000, planned=False):
    return budget.plan(number, found, measured, elapsed, left=left, planned=planned)


def test_phases_divide_the_time_by_their_epochs():
    phases = (tiny.phase(name="one", epochs=1), tiny.phase(name="two", epochs=3))
    budget = Budget(400, phases)
    assert plan(budget, 0, work(phases[0]), costs(evaluation=0)) == (40, True)
    short = Budget(40, phases)
    assert plan(short, 0, work(phases[0]), costs(evaluation=0)) == (10, True)
    assert plan(short, 1, work(phases[1]), costs(evaluation=0), 10) == (30, True)


def test_too_little_time_is_refused_at_first_and_a_little_late_is_not_too_late():
    phase = tiny.phase(least_epochs=2)
    with pytest.raises(FovealError) as caught:
        plan(Budget(29, (phase,)), 0, work(phase), costs())
    assert caught.value.code == "budget-too-short"
    assert "about 30 s" in caught.value.message
    assert plan(Budget(29, (phase,)), 0, work(phase), costs(), planned=True) == (20, True)
    with pytest.raises(FovealError, match="about 33 s"):
        plan(Budget(29, (phase,)), 0, work(phase), costs(), 3, planned=True)


def test_one_slow_step_is_no_reason_to_refuse_but_no_time_at_all_is():
    phase = tiny.phase(least_epochs=2)
    rough = Costs(seen={str(PIXELS): 2}, rough={str(PIXELS): 2.0}, evaluation=0.0)
    assert plan(Budget(30, (phase,)), 0, work(phase), rough) == (15, False)
    with pytest.raises(FovealError) as caught:
        plan(Budget(30, (phase,)), 0, work(phase, done=2, step=2), rough, 29.5)
    assert caught.value.code == "budget-too-short"


def test_before_the_second_step_only_time_that_is_over_ends_it():
    phase = tiny.phase()
    assert plan(Budget(30, (phase,)), 0, work(phase), Costs(), 29, left=7) == (7, False)
    with pytest.raises(FovealError, match="the first step of them, got 30 s"):
        plan(Budget(30, (phase,)), 0, work(phase), Costs(), 30)


def test_a_phase_that_is_nearly_done_is_not_made_longer():
    phase = tiny.phase()
    nearly = work(phase, done=49, step=9, progress=0.99)
    assert plan(Budget(400, (phase,)), 0, nearly, costs(), left=1, planned=True) == (1, True)
    ended = work(phase, done=1, step=1, progress=1.0)
    assert plan(Budget(400, (phase,)), 0, ended, costs(), left=0) == (4, True)


class Clock:
    """Time that passes where a test says so."""

    def __init__(self, monkeypatch, *, step_s, evaluation_s=0.0):
        self.now, self.steps = 1000.0, 0
        whole, measure = Stretch.step, loop.logits_of

        def step(stretch, batch, **named):
            self.steps += 1
            height, width = batch.images.shape[1:3]
            self.now += step_s(self.steps) * height * width / tiny.SIDE**2
            whole(stretch, batch, **named)

        def logits_of(*args, **named):
            self.now += evaluation_s
            return measure(*args, **named)

        monkeypatch.setattr(Stretch, "step", step)
        monkeypatch.setattr(loop, "logits_of", logits_of)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        self.factors = []
        monkeypatch.setattr(loop, "factor", self._factor)

    def _factor(self, progress, **named):
        self.factors.append(schedule.factor(progress, **named))
        return self.factors[-1]


def run(folder, phase, *, data=None, **given):
    return loop.run(tiny.recogniser(), (phase,), data or tiny.data(), tiny.settings(folder, **given), World())


def test_a_budget_shorter_than_an_epoch_ends_within_it(tmp_path, monkeypatch):
    """Six steps an epoch of 8 s each, the first of 12, where 36 s are left."""
    clock = Clock(monkeypatch, step_s=lambda number: 12 if number == 1 else 8, evaluation_s=7)
    outcome = run(tmp_path, tiny.phase(epochs=4), budget_s=46.0, reserve_s=10.0)
    assert clock.steps == 3
    assert 0.93 * 36 < clock.now - 1000 <= 36
    assert [row["epochs"] for row in outcome.history] == [pytest.approx(0.5)]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize("sizes", [(), (12, 14, 16)])
@pytest.mark.parametrize("budget_s", [60.0, 600.0])
def test_a_budget_is_kept_to_by_any_clock_and_the_schedule_with_it(tmp_path, monkeypatch, budget_s, sizes):
    """3,000 photos in 188 steps of 0.4 s and 8 s of evaluation, scaled to 96 photos in 12 steps."""
    clock = Clock(monkeypatch, step_s=lambda number: 20.0 if number == 1 else 6.3, evaluation_s=8.0)
    phase = tiny.phase(epochs=4, sizes=sizes, least_epochs=0.2)
    outcome = run(tmp_path, phase, data=tiny.data(train=96), budget_s=budget_s + 30, reserve_s=30.0)
    took = clock.now - 1000
    assert 0.93 * budget_s < took <= 1.07 * budget_s
    assert clock.factors[-1] < (0.35 if budget_s == 60 else 0.01)
    assert outcome.history[-1]["epochs"] == pytest.approx(clock.steps / 12)


def test_less_than_the_least_epochs_is_refused_within_the_first(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, step_s=lambda number: 8)
    with pytest.raises(FovealError) as caught:
        run(tmp_path, tiny.phase(epochs=4, least_epochs=1), budget_s=33.0)
    assert caught.value.code == "budget-too-short"
    assert clock.steps <= 4


def test_time_that_is_over_before_the_first_step_is_said_then(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, step_s=lambda number: 8)

    def slow(*args, **named):
        clock.now += 100
        return device.choose_device(*args, **named)

    monkeypatch.setattr(begin, "choose_device", slow)
    with pytest.raises(FovealError, match="the first step of them") as caught:
        run(tmp_path, tiny.phase(epochs=4), budget_s=33.0)
    assert (caught.value.code, clock.steps) == ("budget-too-short", 0)


@pytest.mark.parametrize("stopped", [3, 10, 24])
def test_what_was_stopped_goes_on_with_the_time_that_is_left(tmp_path, monkeypatch, stopped):
    with monkeypatch.context() as patched:

        def stops(number):
            if number == stopped:
                os.kill(os.getpid(), signal.SIGINT)
            return 2.0

        before = Clock(patched, step_s=stops, evaluation_s=1.0)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, tiny.phase(epochs=4), budget_s=100.0)
    assert before.steps == stopped
    after = Clock(monkeypatch, step_s=lambda number: 2.0, evaluation_s=1.0)
    outcome = run(tmp_path, tiny.phase(epochs=4), budget_s=100.0, resume=True)
    both = before.now - 1000 + after.now - 1000
    assert 95 < both <= 101
    assert outcome.history[-1]["seconds"] == pytest.approx(both)
    assert after.factors[-1] < 0.01
    assert outcome.history[-1]["epochs"] == pytest.approx((before.steps + after.steps) / 6)


def test_a_budget_never_takes_more_than_the_most_epochs(tmp_path):
    phase = tiny.phase(epochs=1, most_epochs=2.5)
    outcome = loop.run(tiny.recogniser(), (phase,), tiny.data(), tiny.settings(tmp_path, budget_s=600), World())
    assert outcome.history[-1]["epochs"] == pytest.approx(2.5)
