"""Trust is learnt from any photos, however few; what cannot be learnt is left out, with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.classifier.caution import Caution, judge
from foveal.data.dataset import Dataset
from foveal.metrics.calibration import softmax
from foveal.trust.trust import Trust
from foveal.workflows.trusting import LearntTrust, kept_evidence, learn_trust, tree_of, trust_sections


def learnt(
    sizes: list[int], *, folds: int = 3, columns: int = 12, seed: int = 0, names: tuple[str, ...] = ()
) -> tuple[LearntTrust, tuple[np.ndarray, ...]]:
    """From so many photos of each class; and features, labels, logits, probs, folds."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    n = len(labels)
    features = rng.gamma(1, 1, (n, columns)).astype(np.float16)
    logits = (3 * np.eye(len(sizes))[labels] + rng.normal(size=(n, len(sizes)))).astype(np.float32)
    probs = softmax(logits).astype(np.float32)
    numbers = (np.arange(n) % folds).astype(np.int8)
    names = names or tuple(f"class {each}" for each in range(len(sizes)))
    found = learn_trust(features, labels, logits, probs, numbers, names, features[::2][:, ::-1])
    return found, (features, labels, logits, probs, numbers)


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    folds=st.integers(2, 5),
    columns=st.integers(1, 40),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_few_photos_never_crash(sizes: list[int], folds: int, columns: int, seed: int) -> None:
    found, (features, labels, logits, probs, numbers) = learnt(sizes, folds=folds, columns=columns, seed=seed)
    names = tuple(f"class {each}" for each in range(len(sizes)))
    assert found.trust.gated == (found.unknown is not None)
    assert (found.trust.gate is None) == bool(found.record["gate"]["reason"])
    sections = json.loads(json.dumps(trust_sections(found, labels, probs, numbers, names), allow_nan=False))
    assert sections["trust"]["photos"] == sum(sizes)
    assert sections["hierarchy"] is None
    for caution in (Caution(coverage=0.5), Caution(max_error=0.02), Caution(sure=0.9)):
        said = judge(caution, found.trust, features, logits, probs)
        assert said.doubts is None or len(said.doubts) == sum(sizes)
    arrays = found.trust.arrays()
    again = Trust.from_arrays(arrays).arrays()
    assert arrays.keys() == again.keys()
    assert all(np.array_equal(arrays[name], again[name], equal_nan=arrays[name].dtype.kind == "f") for name in arrays)


@pytest.mark.parametrize("value", [0, np.inf])
def test_features_that_say_nothing_give_no_gate(value: float) -> None:
    _, (_, labels, logits, probs, numbers) = learnt([50, 50, 50])
    features, torn = np.full((150, 8), value, np.float16), np.ones((9, 8), np.float16)
    found = learn_trust(features, labels, logits, probs, numbers, ("a", "b", "c"), torn)
    assert found.trust.gate is None
    assert len(found.record["gate"]["reason"].split()) > 3
    assert found.trust.arrangement is None


def test_names_with_levels_give_a_tree() -> None:
    names = ("animal/cat", "animal/dog", "stone")
    found, (_, labels, _, probs, numbers) = learnt([40, 40, 40], names=names)
    assert found.trust.tree is not None
    assert len(found.trust.tree.leaves) == 3
    sections = trust_sections(found, labels, probs, numbers, names)
    assert [level["groups"] for level in sections["hierarchy"]["levels"]] == [2, 3]
    assert found.trust.tree.names == ("animal", "animal/cat", "animal/dog", "stone")
    assert tree_of(("cat", "dog")) is None


def test_groups_of_one_name_below_different_groups_are_told_apart() -> None:
    tree = tree_of(("left/top/a", "left/top/b", "right/top/c"))
    assert tree is not None
    assert tree.names == ("left", "left/top", "left/top/a", "left/top/b", "right", "right/top", "right/top/c")


@given(st.lists(st.text("ab/", min_size=1, max_size=5), min_size=2, max_size=6, unique=True))
def test_any_names_with_slashes_make_a_tree_or_none(names: list[str]) -> None:
    """Labels of a table may hold a slash without any thought of levels: "n/a", "/", "km//h"."""
    tree = tree_of(tuple(names))
    assert (tree is None) == all("/" not in name for name in names)
    if tree is not None:
        probs = np.full((3, len(names)), 1 / len(names), np.float32)
        assert tree.masses(probs).shape == (3, len(tree.names))
        assert (tree.back_off(probs, 0.99) < len(tree.names)).all()


def test_evidence_of_photos_that_are_gone_has_no_pictures(tmp_path: Path) -> None:
    _, (features, labels, *_) = learnt([6, 6])
    (tmp_path / "0.jpg").write_bytes(b"no photo")
    paths = tuple(f"{number}.jpg" for number in range(12))
    dataset = Dataset(tmp_path, paths, labels, ("a", "b"), np.zeros(12, np.int8))
    index = kept_evidence(features, labels, dataset, np.arange(12), classes=2)
    assert len(index) > 0
    assert {index.picture(each) for each in range(len(index))} == {b""}
    assert set(index.names) <= set(paths)
