from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import (  # noqa: E402
    RESNET,
    data,
    network,
    options,
    settings,
)

from foveal.data.places import SpanPhoto  # noqa: E402
from foveal.training import carry_out as carrying  # noqa: E402
from foveal.training.carry_out import carry_out, read_in_order  # noqa: E402
from foveal.training.events import EpochDone, Note  # noqa: E402
from foveal.training.photos.eval_feed import EvalFeed  # noqa: E402
from foveal.training.probe_start import probe_start  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.recipes import find_recipe  # noqa: E402


def train(recipe, photos, folder, *, start=None, run=None, **told):
    return carry_out(
        find_recipe(recipe),
        network(RESNET),
        data(photos),
        options(recipe, **told),
        settings(folder, **(run or {})),
        World(),
        start=start,
    )


@pytest.mark.parametrize("recipe", ["head", "vgg16-classic"])
def test_what_a_still_network_said_once_does_as_well_as_saying_it_again(recipe, photos, tmp_path, monkeypatch):
    told = {"epochs": 3, "rate": 3e-3, "batch": 8, "without": ("ema",)}
    once = train(recipe, photos, tmp_path / "once", **told)
    monkeypatch.setattr(carrying, "fits_memory", lambda *_: False)
    again = train(recipe, photos, tmp_path / "again", **told)
    assert np.allclose(once.outcome.held_logits, again.outcome.held_logits, atol=1e-3)
    for one, other in zip(once.outcome.history, again.outcome.history, strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], abs=1e-3)
        assert one["held_loss"] == pytest.approx(other["held_loss"], abs=1e-3)
    assert once.outcome.history[-1]["train_loss"] < once.outcome.history[0]["train_loss"]


def test_a_head_that_learns_on_varied_photos_looks_again(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(carrying, "look", None)
    start = probe_start(network(RESNET), data(photos), settings(tmp_path))
    found = train("head", photos, tmp_path / "run", epochs=1, with_=("flip",), start=start)
    assert len(found.outcome.history) == 1


@pytest.mark.parametrize("recipe", ["linear-then-full", "lora", "head"])
def test_the_logits_are_those_of_the_weights_that_are_kept(recipe, photos, tmp_path):
    found = train(recipe, photos, tmp_path, epochs=1, rate=1e-2)
    given = data(photos)
    feed = EvalFeed(
        [given.photos[row] for row in given.held_rows],
        given.labels[given.held_rows],
        preprocess=given.preprocess,
        batch=32,
    )
    with torch.no_grad():
        logits = torch.cat([found.recogniser(batch.images) for batch in feed]).numpy()
    assert np.allclose(logits, found.outcome.held_logits, atol=1e-5)
    assert not any("parametrizations" in name for name in found.recogniser.state_dict())


def test_mixing_keeps_the_best_of_what_it_tried_and_says_so(photos, tmp_path):
    heard = []
    found = train("linear-then-full", photos, tmp_path, epochs=2, rate=3e-2, run={"listener": heard.append})
    losses = found.mixed.losses
    assert set(losses) == {0.0, 0.25, 0.5, 0.75, 1.0}
    assert losses[found.mixed.alpha] == min(losses.values())
    assert any(str(found.mixed) == each.text for each in heard if isinstance(each, Note))
    assert str(found.trainable) in found.notes


def test_without_mixing_the_end_of_the_training_is_kept(photos, tmp_path):
    found = train("linear-then-full", photos, tmp_path, epochs=1, without=("wise",))
    assert found.mixed is None


def test_a_budget_counts_what_comes_before_and_after_the_training(photos, tmp_path, monkeypatch):
    given = []

    def stop(*args, **_):
        given.append(args[3])
        raise KeyboardInterrupt

    monkeypatch.setattr(carrying, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        train("linear-then-full", photos, tmp_path, run={"budget_s": 500.0, "reserve_s": 20.0})
    assert given[0].budget_s < 500
    assert given[0].reserve_s > 20


def test_one_that_was_killed_goes_on_to_the_same_weights(photos, tmp_path, monkeypatch):
    told = {"epochs": 2, "rate": 1e-2}
    whole = train("lora", photos, tmp_path / "whole", **told)

    def stop_after_an_epoch(event):
        if isinstance(event, EpochDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("lora", photos, tmp_path / "parts", run={"listener": stop_after_an_epoch}, **told)
    rest = train("lora", photos, tmp_path / "parts", run={"resume": True}, **told)
    assert np.array_equal(whole.outcome.held_logits, rest.outcome.held_logits)
    assert whole.mixed.alpha == rest.mixed.alpha


@pytest.mark.parametrize("recipe", ["lora", "vgg16-classic"])
def test_what_is_made_by_chance_depends_on_the_seed_alone(recipe, photos, tmp_path):
    given = []
    for number, seed in enumerate((1, 1, 2)):
        torch.manual_seed(number)
        found = train(recipe, photos, tmp_path / str(number), epochs=1, run={"seed": seed}, without=("ema",))
        given.append(found.outcome.history[-1]["held_loss"])
    assert given[0] == given[1] != given[2]


def test_archives_too_large_for_memory_are_read_in_order(photos, tmp_path, monkeypatch):
    given = data(photos)
    (phase,) = find_recipe("full").phases(
        find_recipe("full").build(network(RESNET), 3, options("full")), options("full", with_=("flip",))
    )
    archive = tmp_path / "photos.tar"
    stored = replace(given, photos=[SpanPhoto(archive, path.name, 0, 9) for path in given.photos])
    assert [each.sampling for each in read_in_order((phase,), stored)] == ["shuffle"]
    monkeypatch.setattr(carrying, "_KEPT_BYTES", 1000)
    assert [each.sampling for each in read_in_order((phase,), stored)] == ["shards"]
    assert [each.sampling for each in read_in_order((phase,), given)] == ["shuffle"]
    balanced = replace(phase, sampling="balanced")
    assert read_in_order((balanced,), stored) == (balanced,)
