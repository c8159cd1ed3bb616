from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import checkpoint, loop  # noqa: E402
from foveal.training.events import StepDone  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.stretch import Stretch  # noqa: E402

DATA = tiny.data(train=44, held=12)
PHASES = (
    tiny.phase(name="head", epochs=1.5, groups=tiny.head_only, norms="frozen", optimiser="sgd"),
    tiny.phase(epochs=2.4, mixup=0.2, cutmix=0.5, smoothing=0.1, ema=0.9, sizes=(12, 16), optimiser="adamw"),
)
STEPS = 8 + 12


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FOVEAL_THREADS", "1")
        yield


def train(folder, **given):
    module = tiny.recogniser(seed=0 if not given.get("resume") else 9)
    settings = tiny.settings(folder, micro_batch=4, **given)
    return loop.run(module, PHASES, DATA, settings, World())


def interrupted_after(monkeypatch, steps):
    """Ctrl-C while a step is under way."""
    count = 0
    whole = Stretch.step

    def step(self, *args, **named):
        nonlocal count
        count += 1
        if count == steps:
            os.kill(os.getpid(), signal.SIGINT)
        whole(self, *args, **named)

    monkeypatch.setattr(Stretch, "step", step)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"))


def assert_same(one, other):
    state = other.recogniser.state_dict()
    for name, value in one.recogniser.state_dict().items():
        assert torch.equal(value, state[name]), name
    np.testing.assert_array_equal(one.held_logits, other.held_logits)
    for row, again in zip(one.history, other.history, strict=True):
        for name in row.keys() - {"seconds", "images_per_s"}:
            assert row[name] == again[name], name


@pytest.mark.parametrize("steps", [1, 5, 8, 9, 14, 19])
def test_ctrl_c_and_resume_give_the_same_weights(uninterrupted, tmp_path, monkeypatch, steps):
    with monkeypatch.context() as patched:
        interrupted_after(patched, steps)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert checkpoint.facts_of(tmp_path / checkpoint.LAST)["at"]["at"] == steps
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert_same(uninterrupted, train(tmp_path, resume=True))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["at"] for line in lines if line["kind"] == "step"] == [*range(1, STEPS + 1)]
    assert [line["at"] for line in lines if line["kind"] == "epoch"] == [5, 8, 13, 18, 20]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 6


def test_other_random_numbers_drawn_in_between_change_nothing(uninterrupted, tmp_path):
    def draws(event):
        torch.rand(3)
        np.random.random(3)  # the global state is what is tried

    torch.manual_seed(77)
    before = torch.get_rng_state()
    assert_same(uninterrupted, train(tmp_path, listener=draws))
    assert torch.equal(before, torch.get_rng_state())


def test_a_finished_training_is_returned_at_once(uninterrupted, tmp_path):
    train(tmp_path)
    told = []
    again = train(tmp_path, resume=True, listener=told.append)
    assert_same(uninterrupted, again)
    assert not any(isinstance(event, StepDone) for event in told)


def test_an_unfinished_training_is_not_overwritten(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        interrupted_after(patched, 3)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    with pytest.raises(FovealError) as caught:
        train(tmp_path)
    assert caught.value.code == "training-unfinished"


def test_a_finished_training_is_begun_anew(uninterrupted, tmp_path):
    train(tmp_path)
    again = train(tmp_path)
    assert_same(uninterrupted, again)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 6


def test_a_killed_write_and_a_torn_line_do_not_matter(uninterrupted, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        interrupted_after(patched, 9)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"kind": "step", "at": 10, "loss": 1.0}\n{"kind": "step", "at"')
    (tmp_path / ".last.safetensors.part").write_bytes(b"half of it")
    assert_same(uninterrupted, train(tmp_path, resume=True))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    ats = [line["at"] for line in lines if line["kind"] != "note"]
    assert sorted(set(ats)) == [*range(1, STEPS + 1)]


def test_the_best_is_gone_on_from_where_the_last_is_damaged(uninterrupted, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        interrupted_after(patched, 8)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    last = tmp_path / checkpoint.LAST
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.raises(FovealError) as caught:
        train(tmp_path, resume=True)
    assert caught.value.code == "checkpoint-damaged"
    assert "best.safetensors" in caught.value.hint
    last.unlink()
    assert_same(uninterrupted, train(tmp_path, resume=True))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 5}, "the seed"),
        ({"phases": (tiny.phase(epochs=2),)}, "the recipe"),
        ({"data": tiny.data(train=40, held=12)}, "the photos"),
    ],
)
def test_a_checkpoint_of_another_job_is_refused(tmp_path, monkeypatch, change, named):
    with monkeypatch.context() as patched:
        interrupted_after(patched, 2)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    settings = tiny.settings(tmp_path, resume=True, seed=change.get("seed", 0))
    with pytest.raises(FovealError, match=named) as caught:
        loop.run(tiny.recogniser(), change.get("phases", PHASES), change.get("data", DATA), settings, World())
    assert caught.value.code == "checkpoint-mismatch"
