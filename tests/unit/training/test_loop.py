from __future__ import annotations

import csv
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from tests.unit.training import tiny_training as tiny  # noqa: E402

from foveal.training import loop  # noqa: E402
from foveal.training.allocator import keep_memory  # noqa: E402
from foveal.training.events import EpochDone, Note, StepDone  # noqa: E402
from foveal.training.history import FIELDS  # noqa: E402
from foveal.training.photos.augment import Augment  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.recogniser import Recogniser  # noqa: E402
from foveal.training.settings import TrainingData  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("FOVEAL_THREADS", "1")


def test_it_learns(tmp_path):
    events = []
    outcome = loop.run(
        tiny.recogniser(),
        (tiny.phase(epochs=6),),
        tiny.data(train=96, held=48),
        tiny.settings(tmp_path, listener=events.append),
        World(),
    )
    losses = [row["train_loss"] for row in outcome.history]
    assert losses[-1] < 0.6 * losses[0]
    assert outcome.history[-1]["held_accuracy"] > 0.85
    assert [*outcome.history[0]] == [*FIELDS]
    assert outcome.held_logits.shape == (48, 3)
    assert not outcome.recogniser.training
    assert sum(isinstance(event, EpochDone) for event in events) == 6
    assert any(isinstance(event, StepDone) for event in events)
    told = [event.text for event in events if isinstance(event, Note)]
    assert told == [each for each in (keep_memory(), f"training on {outcome.device.describe()}") if each]
    assert isinstance(events[len(told)], StepDone)
    assert outcome.notes == ()


def test_held_logits_are_those_of_the_network_that_comes_back(tmp_path):
    data = tiny.data()
    outcome = loop.run(tiny.recogniser(), (tiny.phase(ema=0.9),), data, tiny.settings(tmp_path), World())
    images = torch.from_numpy(np.stack([data.photos[row] for row in data.held_rows]))
    with torch.no_grad():
        again = outcome.recogniser(images).numpy()
    np.testing.assert_allclose(outcome.held_logits, again, atol=1e-5)


def test_the_log_says_what_the_history_says(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    settings = tiny.settings(tmp_path, tensorboard=True)
    outcome = loop.run(tiny.recogniser(), (tiny.phase(),), tiny.data(), settings, World())
    rows = [*csv.DictReader((tmp_path / "log.csv").read_text().splitlines())]
    assert [float(row["held_loss"]) for row in rows] == [row["held_loss"] for row in outcome.history]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["train_loss"] for line in lines if line["kind"] == "epoch"] == [
        row["train_loss"] for row in outcome.history
    ]
    assert any((tmp_path / "tensorboard").iterdir())


def test_the_best_epoch_is_kept_when_asked_for(tmp_path):
    def wild(each):
        return [{"params": list(each.parameters()), "rate": 0.3, "weight_decay": 0.0}]

    settings = tiny.settings(tmp_path, keep="best")
    phase = tiny.phase(groups=wild, epochs=6, shape="constant", clip=0.0)
    outcome = loop.run(tiny.recogniser(), (phase,), tiny.data(), settings, World())
    data = tiny.data()
    accuracy = (outcome.held_logits.argmax(1) == data.labels[data.held_rows]).mean()
    assert accuracy == max(row["held_accuracy"] for row in outcome.history)
    assert outcome.kept == outcome.best


def test_digits_are_learnt_well(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    digits = datasets.load_digits()
    grey = np.kron(digits.images * 15, np.ones((1, 2, 2))).astype(np.uint8)
    photos = [np.repeat(each[..., None], 3, axis=2) for each in grey]
    rows = np.random.default_rng(0).permutation(len(photos))
    data = TrainingData(
        photos=photos,
        labels=digits.target.astype(np.int32),
        class_names=tuple("0123456789"),
        train_rows=rows[:1200],
        held_rows=rows[1200:],
        preprocess=tiny.PREPROCESS,
    )
    network = tiny.TinyNetwork(columns=48)
    module = Recogniser(network, 10, neck=torch.nn.Flatten(), columns=48 * 16, uses_map=True)
    phase = tiny.phase(epochs=4, batch=32, ema=0.95, augment=Augment(crop=None, flip=False))
    outcome = loop.run(module, (phase,), data, tiny.settings(tmp_path), World())
    assert outcome.history[-1]["train_loss"] < 0.3 * outcome.history[0]["train_loss"]
    assert outcome.history[-1]["held_accuracy"] > 0.95
