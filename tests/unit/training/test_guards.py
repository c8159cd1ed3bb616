from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import checkpoint, loop  # noqa: E402
from foveal.training.events import Note  # noqa: E402
from foveal.training.guards import never_fell_note, one_batch_note, start_note  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402

LOG10 = math.log(10)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("FOVEAL_THREADS", "1")


@pytest.mark.parametrize(
    ("loss", "spread", "beginning", "word"),
    [
        (LOG10, 0.0, "zero", None),
        (LOG10 + 0.2, 0.3, "random", None),
        (LOG10 + 0.9, 1.0, "random", None),
        (LOG10 + 3, 9.0, "random", "sure of wrong answers"),
        (LOG10 + 3, 0.1, "zero", "too large"),
        (0.4, 0.3, "random", "learnt before"),
        (0.4, 5.0, "probe", None),
        (LOG10 + 0.1, 5.0, "probe", "other pictures"),
    ],
)
def test_the_loss_at_the_start(loss, spread, beginning, word):
    said = start_note(loss, LOG10, spread, beginning)
    assert said is None if word is None else word in said


@pytest.mark.parametrize("beginning", ["random", "zero"])
@pytest.mark.parametrize("help_for_rare", [{"logit_adjust": 1.0}, {"class_weight_beta": 0.999}])
def test_a_new_layer_has_the_loss_of_guessing(tmp_path, beginning, help_for_rare):
    notes = []
    phase = tiny.phase(epochs=1, mixup=0.3, smoothing=0.1, **help_for_rare)
    module = tiny.recogniser(beginning=beginning)
    loop.run(module, (phase,), tiny.data(), tiny.settings(tmp_path, listener=notes.append), World())
    assert not [event for event in notes if isinstance(event, Note) and "loss" in event.text]


def test_first_weights_that_are_too_large_are_noted(tmp_path):
    module = tiny.recogniser()
    with torch.no_grad():
        module.classifier.weight.mul_(200)
    notes = loop.run(module, (tiny.phase(epochs=1),), tiny.data(), tiny.settings(tmp_path), World()).notes
    assert any("the loss at the start" in note and "too large" in note for note in notes)


def try_one_batch(phase, module=None):
    images, labels = tiny.photos(8)
    module = module or tiny.recogniser()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    said = one_batch_note(
        module, phase, torch.from_numpy(np.stack(images)), torch.from_numpy(labels.astype(np.int64)), amp=nullcontext
    )
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name
    return said


def test_one_batch_is_learnt():
    assert try_one_batch(tiny.phase()) is None


def groups_of_rate(rate):
    return lambda each: [{"params": list(each.parameters()), "rate": rate, "weight_decay": 0.0}]


@pytest.mark.parametrize(("rate", "word"), [(1e-9, "too low"), (1e3, "too high")])
def test_one_batch_that_cannot_be_learnt(rate, word):
    said = try_one_batch(tiny.phase(groups=groups_of_rate(rate), clip=0.0))
    assert said is not None
    assert word in said


def test_a_guard_that_is_on_speaks_up_in_a_training(tmp_path):
    phase = tiny.phase(groups=groups_of_rate(1e-9), epochs=1)
    outcome = loop.run(tiny.recogniser(), (phase,), tiny.data(), tiny.settings(tmp_path, guard="on"), World())
    assert any("learnt by heart" in note for note in outcome.notes)


def test_a_loss_that_never_falls_is_noted_once(tmp_path):
    phase = tiny.phase(groups=groups_of_rate(1e-9), epochs=5)
    outcome = loop.run(tiny.recogniser(), (phase,), tiny.data(), tiny.settings(tmp_path), World())
    assert sum("nothing is learnt" in note for note in outcome.notes) == 1


def test_a_loss_that_falls_is_not_noted():
    rows = [{"phase": "all", "train_loss": loss} for loss in (1.1, 1.1, 0.9, 1.1)]
    assert never_fell_note(rows, math.log(3)) is None
    assert never_fell_note(rows[:2], math.log(3)) is None


class Poisoned:
    """Loss against a teacher that is no number for one batch."""

    def __init__(self, at, value):
        self.at, self.value, self.calls = at, value, 0

    def __call__(self, images, logits):
        self.calls += 1
        factor = self.value if self.calls == self.at else 0.0
        return logits.sum() * factor


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_stops_and_names_the_photos(tmp_path, value):
    data = tiny.data(train=48)
    with pytest.raises(FovealError) as caught:
        loop.run(
            tiny.recogniser(), (tiny.phase(),), data, tiny.settings(tmp_path), World(), extra_loss=Poisoned(9, value)
        )
    error = caught.value
    assert error.code == "training-diverged"
    assert "epoch 2, step 3" in error.message
    assert error.message.count("image ") == 8
    assert "last.safetensors" in error.hint
    kept = checkpoint.read(tmp_path / checkpoint.LAST)
    assert kept.facts["at"]["at"] == 6
    assert all(torch.isfinite(tensor).all() for tensor in kept.tensors.values() if tensor.is_floating_point())


def test_nan_gradient_of_a_finite_loss_is_found(tmp_path):
    def root(images, logits):
        # The slope of the root is infinite at 0; the loss is 0.
        return (logits.sum() * 0).sqrt()

    with pytest.raises(FovealError) as caught:
        loop.run(tiny.recogniser(), (tiny.phase(),), tiny.data(), tiny.settings(tmp_path), World(), extra_loss=root)
    assert caught.value.code == "training-diverged"
    assert "epoch 1, step 1" in caught.value.message
