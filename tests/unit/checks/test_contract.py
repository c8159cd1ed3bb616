"""What holds of every check in the table, whatever it looks for."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_evidence import evidence, made_pairs

from foveal.checks import CHECKS
from foveal.checks.evidence import Evidence
from foveal.data.dataset import Dataset
from foveal.data.label_sets import LabelSets
from foveal.types.data_finding import NOTHING, DataFinding

Check = Callable[[Evidence], Iterator[DataFinding]]


def ordinary() -> Evidence:
    """90 photos in three classes: some broken, some copies, some that look like another class, some of the test."""
    labels = np.repeat([0, 1, 2], 30)
    readable = 88
    random = np.random.default_rng(0)
    made = evidence(
        labels,
        failures={3: "a.jpg: expected a photo, got 12 bytes", 70: "b.jpg: it ends early"},
        parts=np.where(np.arange(90) % 10 == 9, 2, 0),
        pairs=made_pairs([(0, 1), (0, 40), (5, 8), (20, 60)], [1.0, 0.97, 0.9, 0.999], [False, False, True, False]),
    )
    judged = made.judged
    assert judged is not None
    probs = np.asarray(random.dirichlet(np.ones(3), len(judged.at)), np.float32)
    probs[np.arange(len(probs)), judged.labels] += 1.5
    probs[::9] = np.roll(probs[::9], 1, axis=1)
    probs /= probs.sum(axis=1, keepdims=True)
    pixels = made.pixels.copy()
    pixels["facts"]["format"][labels[:readable] == 1] = b"PNG"
    pixels["measures"]["sharpness"][::7] = 0.001
    pixels["measures"]["brightness"][::11] = 0.01
    logits = np.log(np.maximum(probs, 1e-6)).astype(np.float32)
    return replace(made, pixels=pixels, judged=replace(judged, probs=probs, logits=logits))


def unlabelled() -> Evidence:
    return evidence(np.full(30, -1), pairs=made_pairs([(0, 1), (2, 9)]), failures={30 - 1: "it ends early"})


def several_labels() -> Evidence:
    made = unlabelled()
    sets = LabelSets.of([[0], [0, 1], []] * 10)
    dataset = Dataset(
        Path("photos"), made.dataset.paths, np.full(30, -1), ("a", "b"), made.dataset.parts, label_sets=sets
    )
    return replace(made, dataset=dataset)


def one_photo() -> Evidence:
    return evidence([0, 1, 1], failures={0: "broken", 2: "broken"})


def one_unlabelled_photo() -> Evidence:
    return evidence([-1])


def none_readable() -> Evidence:
    return evidence([0, 0, 1, 1], failures=dict.fromkeys(range(4), "broken"), embeddings=np.empty((0, 8)))


def empty() -> Evidence:
    return evidence(np.empty(0, int), embeddings=np.empty((0, 8)))


def two_by_two() -> Evidence:
    return evidence([0, 0, 1, 1])


def all_equal() -> Evidence:
    """The same photo over and over."""
    made = evidence(
        np.repeat([0, 1], 10), embeddings=np.ones((20, 8)), pairs=made_pairs([(0, at) for at in range(1, 20)])
    )
    return replace(made, keys=np.zeros_like(made.keys), pixels=np.repeat(made.pixels[:1], 20))


def many_classes() -> Evidence:
    labels = np.repeat(np.arange(300), 3)
    return evidence(labels, class_names=[f"kind/of {number}" for number in range(300)])


CASES = (
    ordinary,
    unlabelled,
    several_labels,
    one_photo,
    one_unlabelled_photo,
    none_readable,
    empty,
    two_by_two,
    all_equal,
    many_classes,
)


@pytest.fixture(params=list(CHECKS))
def check(request: pytest.FixtureRequest) -> Check:
    module, _, name = CHECKS[request.param].partition(":")
    found: Check = getattr(importlib.import_module(module), name)
    return found


@pytest.fixture(params=CASES, ids=lambda case: case.__name__)
def given(request: pytest.FixtureRequest) -> Evidence:
    made: Evidence = request.param()
    return made


def arrays(value: Any) -> Iterator[np.ndarray]:
    """Every array in evidence."""
    if isinstance(value, np.ndarray):
        yield value
    elif hasattr(value, "__dataclass_fields__"):
        for each in fields(value):
            yield from arrays(getattr(value, each.name))


def values_of(finding: DataFinding) -> dict[str, Any]:
    """Everything a finding holds, comparable."""
    return {
        each.name: value.tolist() if isinstance(value := getattr(finding, each.name), np.ndarray) else value
        for each in fields(finding)
    }


def test_findings_are_about_photos_of_the_dataset(check: Check, given: Evidence) -> None:
    n = len(given.dataset)
    for finding in check(given):
        assert isinstance(finding, DataFinding)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", finding.code)
        rows, others = finding.rows, finding.others
        assert ((rows >= 0) & (rows < n)).all()
        assert len(np.unique(rows)) == len(rows), "a photo stands twice in one finding"
        assert ((others >= NOTHING) & (others < n)).all()
        assert not (others == rows).any(), "a photo is its own original"
        assert ((finding.scores >= 0) & (finding.scores <= 1)).all()
        suggested = finding.suggested
        assert ((suggested >= NOTHING) & (suggested < max(len(given.dataset.class_names), 0))).all()
        assert np.isfinite(finding.score)


def test_findings_read_well(check: Check, given: Evidence) -> None:
    for finding in check(given):
        for text in (finding.title, finding.why, finding.advice, *finding.notes):
            assert text == text.strip()
            assert "\n" not in text
            assert "nan" not in text.split()
        # What is said in JSON must be JSON without help.
        written = finding.to_dict(given.dataset.paths, given.dataset.class_names)
        assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_the_same_photos_give_the_same_findings(check: Check, given: Evidence) -> None:
    first, second = ([values_of(finding) for finding in check(given)] for _ in range(2))
    assert first == second


def test_what_is_looked_at_is_not_changed(check: Check, given: Evidence) -> None:
    before = [array.copy() for array in arrays(given)]
    for _ in check(given):
        pass
    for old, new in zip(before, arrays(given), strict=True):
        assert old.tobytes() == new.tobytes()


def test_without_classes_nothing_is_said_of_them(check: Check) -> None:
    for finding in check(unlabelled()):
        assert (finding.suggested == NOTHING).all()


def test_every_check_finds_nothing_where_there_are_no_photos(check: Check) -> None:
    assert list(check(empty())) == []
