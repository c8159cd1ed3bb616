"""The yardstick and what is learnt from the held-out photos; the network is the small one, frozen, and no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.data.split_file import Split
from foveal.features.cache import FeatureCache
from foveal.features.extract import extract
from foveal.features.settings import Settings
from foveal.heads.linear import LinearHead
from foveal.types.evaluation import Evaluation
from foveal.workflows.before_and_after import compared, cost_of, small_network_advice
from foveal.workflows.held_out import HeldOut, learn_held_out, protocol
from foveal.workflows.train_wishes import TrainWishes
from foveal.workflows.yardstick import Prepared, prepare

SETTINGS = Settings(runtime="openvino", precision="f32")
LITE0: Any = SimpleNamespace(spec=SimpleNamespace(library="foveal", short_name="lite0"))


def _prepared(
    dataset: Dataset, cache: FeatureCache, *, rooted: bool = True, name: str = "made", split: Split | str = "none"
) -> Prepared:
    recipe = SimpleNamespace(name=name, pretrained=True, rooted=rooted)
    return prepare(dataset, LITE0, recipe, split, TrainWishes(), SETTINGS, cache)


@pytest.fixture(scope="module")
def cache() -> Iterator[FeatureCache]:
    with FeatureCache.temporary() as made:
        yield made


@pytest.fixture(scope="module")
def prepared(photos: Path, cache: FeatureCache) -> Prepared:
    return _prepared(read(photos), cache)


@pytest.fixture(scope="module")
def held_out(prepared: Prepared, cache: FeatureCache) -> HeldOut:
    held = prepared.lesson.training.take(prepared.kept.rows[prepared.parts.held])
    view = prepared.frozen.view
    with extract(held.photos(), (view,), cache, engines=prepared.engines) as found:
        return learn_held_out(
            view,
            prepared.probe.start,
            held,
            found,
            prepared.kept.labels[prepared.parts.held],
            prepared.parts.held_folds,
            prepared.kept.class_names,
            engines=prepared.engines,
            used_for=("when to stop",),
        )


def test_the_probe_has_not_seen_the_held_out_photos(prepared: Prepared, cache: FeatureCache) -> None:
    dataset = prepared.lesson.training
    numbers = np.arange(len(dataset), dtype=np.int8) % 4
    split = Split(dataset.paths, numbers, np.arange(len(dataset)))
    labels = dataset.labels.copy()
    # What the held-out photos show is turned round: nothing that was learnt may change.
    labels[numbers == 0] = (labels[numbers == 0] + 1) % 3
    first, second = (_prepared(each, cache, split=split) for each in (dataset, replace(dataset, labels=labels)))
    for name, array in first.probe.model.head.arrays().items():
        np.testing.assert_array_equal(second.probe.model.head.arrays()[name], array)
    assert second.probe.figures.accuracy < 0.5 < first.probe.figures.accuracy


def test_a_rooted_recipe_begins_where_the_probe_ended(prepared: Prepared, cache: FeatureCache) -> None:
    start = prepared.lesson.start
    assert start.outputs == prepared.frozen.view.outputs
    assert isinstance(start.head, LinearHead)
    assert len(start.head.weights) == prepared.frozen.view.columns
    assert _prepared(prepared.lesson.training, cache, rooted=False).lesson.start is None


def test_a_textbook_network_is_compared_with_the_small_one(prepared: Prepared, cache: FeatureCache) -> None:
    textbook = _prepared(prepared.lesson.training, cache, name="vgg16-classic")
    assert not textbook.frozen.own
    assert textbook.lesson.start is None
    assert textbook.frozen.card.short_name == "lite0"


def test_the_cost_counts_what_is_used(prepared: Prepared) -> None:
    cost = prepared.cost
    assert cost.parameters - cost.trained == 4_652_008 - 1_281_000
    assert cost.milliseconds > 0
    assert cost.megabytes == pytest.approx(13.5, abs=1)


def test_calibration_and_trust_come_from_the_held_out_photos(held_out: HeldOut, prepared: Prepared) -> None:
    figures = held_out.measured.figures
    assert isinstance(figures, Evaluation)
    assert figures.photos == len(prepared.parts.held)
    assert figures.protocol.startswith(f"held out: {figures.photos} photos never trained on; calibration and trust by")
    assert figures.protocol.endswith("they also decided when to stop")
    assert held_out.model.trust.sets is not None
    assert held_out.calibration["method"] in ("none", "temperature", "vector")
    assert figures.trust is not None


def test_a_held_out_measurement_is_the_models_own(held_out: HeldOut) -> None:
    record = {"metrics": {"held_out": held_out.measured.figures.to_dict()}}
    model: Classifier = replace(held_out.model, record=record)
    assert model.evaluation == held_out.measured.figures


def test_both_are_compared_on_the_very_same_photos(held_out: HeldOut, prepared: Prepared) -> None:
    after = cost_of(
        held_out.model,
        held_out.measured.dataset.photos(),
        network="Large",
        seconds=90.0,
        parameters=138_000_000,
        trained=6_000,
    )
    told, found = compared(prepared.probe.measured, held_out.measured, prepared.cost, after, on="held-out photos")
    assert found["photos"] == told.first.photos == len(prepared.parts.held)
    assert found["difference"] == pytest.approx(told.second.accuracy - told.first.accuracy)
    assert found["conclusion"]
    said = small_network_advice(found)
    assert "138 million" in said
    assert "EfficientNet-Lite0 frozen, with 3.4 million parameters" in said


def test_the_protocol_says_what_else_was_decided() -> None:
    assert protocol(1, 2, ()) == "held out: 1 photo never trained on; calibration and trust by 2 folds among them"
    assert protocol(9, 5, ("a", "b")).endswith("; they also decided a and b")
