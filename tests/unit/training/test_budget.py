from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import loop  # noqa: E402
from foveal.training.budget import Budget, Costs, Work  # noqa: E402
from foveal.training.feeds import PhotoFeeds  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402

PIXELS = 100


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("FOVEAL_THREADS", "1")


def costs(step=1.0, evaluation=5.0):
    return Costs(steps={str(PIXELS): step}, seen={str(PIXELS): 100}, evaluation=evaluation)


def work(phase=None, *, done=0, step=0, progress=0.0, sizes=(PIXELS,)):
    return Work(phase or tiny.phase(), 10, done, step, progress, sizes, 2.0)


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
    assert found.step(PIXELS) is None
    found.stepped(PIXELS, 1.0, 1)
    assert found.step(PIXELS) == pytest.approx(1)


def test_a_machine_that_becomes_slower_is_noticed():
    found = costs(step=1.0)
    for _ in range(60):
        found.stepped(PIXELS, 2.0, 1)
    assert found.step(PIXELS) == pytest.approx(2, rel=0.05)


def test_phases_divide_the_time_by_their_epochs():
    phases = (tiny.phase(name="one", epochs=1), tiny.phase(name="two", epochs=3))
    budget = Budget(400, phases)
    assert budget.plan(0, work(phases[0]), costs(evaluation=0), 0, first=True) == 40
    short = Budget(40, phases)
    assert short.plan(0, work(phases[0]), costs(evaluation=0), 0, first=True) == 10
    assert short.plan(1, work(phases[1]), costs(evaluation=0), 10, first=True) == 30


def test_too_little_time_is_refused_at_first_and_kept_to_later():
    phase = tiny.phase(least_epochs=2)
    with pytest.raises(FovealError) as caught:
        Budget(29, (phase,)).plan(0, work(phase), costs(), 0, first=True)
    assert caught.value.code == "budget-too-short"
    assert "about 30 s" in caught.value.message
    assert Budget(29, (phase,)).plan(0, work(phase), costs(), 0, first=False) == 19
    assert Budget(29, (phase,)).plan(0, work(phase), costs(), 40, first=False) == 0


class SlowFeeds(PhotoFeeds):
    """Photos that take their time, more of it later on."""

    def train(self, phase, size_wh):
        feed = super().train(phase, size_wh)
        outer = self

        class Slow:
            steps = feed.steps

            def epoch(self, number, *, first_step=0):
                for batch in feed.epoch(number, first_step=first_step):
                    outer.count = getattr(outer, "count", 0) + 1
                    time.sleep(0.05 if outer.count < 30 else 0.1)
                    yield batch

        return Slow()


def test_a_budget_is_kept_within_a_tenth(tmp_path):
    data = tiny.data(train=80)
    # PyTorch loads parts of itself when the first optimiser is made.
    torch.optim.AdamW(torch.nn.Linear(1, 1).parameters())
    settings = tiny.settings(tmp_path, budget_s=9.0, reserve_s=1.0)
    feeds = SlowFeeds(data, (tiny.phase(),), settings, World(), torch.device("cpu"))
    began = time.monotonic()
    outcome = loop.run(
        tiny.recogniser(), (tiny.phase(epochs=10, least_epochs=0.2),), data, settings, World(), feeds=feeds
    )
    took = time.monotonic() - began
    assert 7.1 < took < 8.9
    assert outcome.history[-1]["rate"] < 0.002
    assert 3 < outcome.history[-1]["epochs"] < 10
    assert np.isfinite(outcome.held_logits).all()


def test_a_budget_never_takes_more_than_the_most_epochs(tmp_path):
    phase = tiny.phase(epochs=1, most_epochs=2.5)
    outcome = loop.run(tiny.recogniser(), (phase,), tiny.data(), tiny.settings(tmp_path, budget_s=600), World())
    assert outcome.history[-1]["epochs"] == pytest.approx(2.5)
