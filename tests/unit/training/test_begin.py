from __future__ import annotations

import os
import signal

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.training import device, loop  # noqa: E402
from foveal.training.allocator import keep_memory  # noqa: E402
from foveal.training.events import Note  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.stretch import Stretch  # noqa: E402

SAID = "float32 42, bfloat16 28 photos/s"


@pytest.fixture(autouse=True)
def trials(monkeypatch):
    """A processor with bfloat16 that is slower than float32; how long each trial may take."""
    monkeypatch.setenv("FOVEAL_THREADS", "1")
    allowed = []

    def measured(module, chosen, *, seconds, **_):
        allowed.append(seconds)
        return 42.0 if chosen.amp is None else 28.0

    monkeypatch.setattr(device, "images_per_s", measured)
    monkeypatch.setattr(device, "_offered", lambda place: (torch.bfloat16,))
    monkeypatch.setattr(device, "_answers", {})
    return allowed


def train(folder, **given):
    told = []
    settings = tiny.settings(folder, amp="auto", compile="auto", listener=told.append, **given)
    outcome = loop.run(tiny.recogniser(), (tiny.phase(epochs=1),), tiny.data(), settings, World())
    return outcome, [event.text for event in told if isinstance(event, Note)]


def test_the_measured_reason_is_told_once_and_kept(tmp_path, trials):
    outcome, notes = train(tmp_path)
    assert len(trials) == 2
    assert outcome.device.describe().endswith(f"42 photos/s in a trial ({SAID})")
    assert notes == [each for each in (keep_memory(), f"training on {outcome.device.describe()}") if each]
    assert outcome.device.describe() in (tmp_path / "log.jsonl").read_text()


def test_what_goes_on_knows_the_reason_without_measuring_again(tmp_path, monkeypatch, trials):
    whole = Stretch.step

    def stops(*args, **named):
        os.kill(os.getpid(), signal.SIGINT)
        whole(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Stretch, "step", stops)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    device._answers.clear()
    outcome, notes = train(tmp_path, resume=True)
    assert len(trials) == 2
    assert SAID in outcome.device.describe()
    assert SAID in notes[-1]


def test_trials_take_a_small_share_of_a_budget(tmp_path, trials):
    train(tmp_path, budget_s=20.0)
    assert sum(trials) <= 0.05 * 20
