from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.errors import FovealError
from foveal.trust.tree import ClassTree

PATHS = (
    ("animal", "dog", "terrier"),
    ("animal", "dog", "poodle"),
    ("animal", "cat"),
    ("plant", "tree", "oak"),
    ("stone",),
)


def name(tree: ClassTree, node: int) -> str | None:
    return tree.names[node] if node >= 0 else None


@pytest.mark.parametrize(
    ("probs", "sure", "answer"),
    [
        ([0.97, 0.01, 0.01, 0.01, 0.0], 0.9, "terrier"),
        ([0.50, 0.45, 0.03, 0.02, 0.0], 0.9, "dog"),
        ([0.50, 0.25, 0.23, 0.02, 0.0], 0.9, "animal"),
        ([0.30, 0.20, 0.10, 0.20, 0.2], 0.9, None),
        ([0.00, 0.02, 0.03, 0.95, 0.0], 0.9, "oak"),
        # The most probable class is a stone, but more than half speaks for a dog.
        ([0.30, 0.30, 0.00, 0.00, 0.4], 0.6, "dog"),
        ([0.00, 0.00, 0.00, 0.00, 1.0], 0.9, "stone"),
    ],
)
def test_the_most_exact_answer_that_is_sure(probs: list[float], sure: float, answer: str | None) -> None:
    tree = ClassTree.of_paths(PATHS)
    (node,) = tree.back_off(np.array([probs], np.float32), sure)
    assert name(tree, int(node)) == answer


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5).filter(lambda row: sum(row) > 0), st.floats(0.51, 1))
def test_an_answer_is_as_probable_as_asked_and_nothing_below_it_is(row: list[float], sure: float) -> None:
    tree = ClassTree.of_paths(PATHS)
    probs = (np.array([row]) / sum(row)).astype(np.float32)
    masses = tree.masses(probs)[0]
    (node,) = tree.back_off(probs, sure)
    if node >= 0:
        assert masses[node] >= sure - 1e-5
    assert (masses[np.flatnonzero(tree.parents == node)] < sure).all()


def test_probabilities_of_nodes_are_sums_over_their_classes() -> None:
    tree = ClassTree.of_paths(PATHS)
    probs = np.array([[0.1, 0.2, 0.3, 0.25, 0.15]], np.float32)
    by_name = dict(zip(tree.names, tree.masses(probs)[0].tolist(), strict=True))
    assert by_name["dog"] == pytest.approx(0.3)
    assert by_name["animal"] == pytest.approx(0.6)
    assert by_name["plant"] == by_name["tree"] == by_name["oak"] == pytest.approx(0.25)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    tree = ClassTree.of_paths(PATHS)
    probs = np.random.default_rng(0).dirichlet(np.ones(5), 64).astype(np.float32)
    alone = np.concatenate([tree.masses(row[None]) for row in probs])
    assert (tree.masses(probs) == alone).all()


def test_arrays_there_and_back() -> None:
    tree = ClassTree.of_paths(PATHS)
    again = ClassTree.from_arrays(tree.arrays())
    assert again.names == tree.names
    assert (again.parents == tree.parents).all()
    assert (again.leaves == tree.leaves).all()


@pytest.mark.parametrize(
    ("parents", "leaves"),
    [([-1, 1], [0, 1]), ([-1, 2], [0, 1]), ([-1, 0], [1, 1]), ([-1, 0], [2, 1]), ([-2, 0], [0, 1])],
)
def test_what_is_no_tree_is_refused(parents: list[int], leaves: list[int]) -> None:
    with pytest.raises(FovealError, match="bad-value") as caught:
        ClassTree(("a", "b"), np.array(parents, np.int32), np.array(leaves, np.int32))
    assert caught.value.code == "bad-value"
