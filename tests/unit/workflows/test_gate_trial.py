from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from drawn_photos import write_photos

from foveal.classifier.classifier import Classifier
from foveal.data.dataset import Dataset
from foveal.data.read import read
from foveal.trust.trust import Trust
from foveal.workflows.fit import fit
from foveal.workflows.gate_trial import EACH, gate_trial


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Dataset]:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, per_class=12, seed=0)
    dataset = read(folder)
    return fit(dataset), dataset


def tried(model: Classifier, dataset: Dataset) -> list[dict[str, str | int]]:
    return gate_trial(model, dataset, np.arange(len(dataset)), model.engines, seed=0)


def answering(unknown: bool) -> Any:
    reasons = [SimpleNamespace(words="strange")] * 3 * EACH if unknown else [None] * 3 * EACH
    return SimpleNamespace(reasons=lambda features, logits: reasons)


@pytest.mark.parametrize("unknown", [True, False])
def test_what_the_gate_says_is_counted(fitted: tuple[Classifier, Dataset], unknown: bool) -> None:
    model, dataset = fitted
    counts = tried(replace(model, trust=Trust(gate=answering(unknown))), dataset)
    kinds = ("noise", "blank", "shuffled")
    assert counts == [{"kind": kind, "images": EACH, "turned_away": EACH * unknown} for kind in kinds]


def test_without_gates_nothing_is_tried(fitted: tuple[Classifier, Dataset]) -> None:
    model, dataset = fitted
    assert tried(replace(model, trust=Trust()), dataset) == []


def test_the_same_photos_give_the_same_counts(fitted: tuple[Classifier, Dataset]) -> None:
    model, dataset = fitted
    assert model.trust.gated
    assert tried(model, dataset) == tried(model, dataset) == model.record["trust"]["gate"]["tried"]


def test_photos_that_are_gone_are_passed_over(fitted: tuple[Classifier, Dataset], tmp_path: Path) -> None:
    model, dataset = fitted
    assert tried(model, replace(dataset, root=tmp_path)) == []
