"""Mistakes by how far they are off, where classes are kinds of one another, and answers less exact but sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.intervals import wilson
from foveal.trust.tree import ClassTree
from foveal.types.hierarchy_figures import BackOffFigures, HierarchyFigures, LevelFigures

_SURE = (0.8, 0.9, 0.95, 0.99)
_ROWS = 4096


def hierarchy_figures(labels: NDArray[np.int32], probs: NDArray[np.float32], tree: ClassTree) -> HierarchyFigures:
    """Measure predictions against the tree of classes.

    Args:
        labels: int32 [n], at least one.
        probs: float32 [n, C].
        tree: Of the C classes.
    """
    predicted = probs.argmax(axis=1)
    lines = lines_of(tree)
    true_lines, said_lines = lines[labels], lines[predicted]
    # As long as they agree, both lines are in the same groups; the first difference is final.
    shared = np.cumprod((true_lines == said_lines) & (true_lines >= 0), axis=1).sum(axis=1)
    depths = tree.depths[tree.leaves]
    distance = depths[labels] + depths[predicted] - 2 * shared
    wrong = predicted != labels
    heights = _heights(tree)
    return {
        "mean_distance": float(distance.mean()),
        "mistake_distance": float(distance[wrong].mean()) if wrong.any() else None,
        "mistake_height": float(heights[_common(true_lines, shared)[wrong]].mean()) if wrong.any() else None,
        "levels": _levels(labels, probs, tree, lines),
        "back_off": [_back_off(labels, probs, tree, lines, sure) for sure in _SURE],
    }


def lines_of(tree: ClassTree) -> NDArray[np.int32]:
    """int32 [C, depth]: the nodes from the widest group down to each class; -1 beyond a class that ends early."""
    lines = np.full((len(tree.leaves), int(tree.depths.max())), -1, np.int32)
    for row, leaf in enumerate(tree.leaves.tolist()):
        node = leaf
        while node >= 0:
            lines[row, tree.depths[node] - 1] = node
            node = int(tree.parents[node])
    return lines


def _heights(tree: ClassTree) -> NDArray[np.int32]:
    """int32 [m + 1]: steps from each node down to its deepest class; last, so that -1 finds it, those of the root."""
    heights = np.zeros(len(tree.names) + 1, np.int32)
    for node in range(len(tree.names) - 1, -1, -1):
        parent = tree.parents[node]
        heights[parent] = max(heights[parent], heights[node] + 1)
    return heights


def _common(lines: NDArray[np.int32], shared: NDArray[np.intp]) -> NDArray[np.int32]:
    """int32 [n]: the lowest node that two lines share, -1 for the root."""
    found: NDArray[np.int32] = np.where(shared > 0, lines[np.arange(len(lines)), np.maximum(shared, 1) - 1], -1)
    return found


def _levels(
    labels: NDArray[np.int32], probs: NDArray[np.float32], tree: ClassTree, lines: NDArray[np.int32]
) -> list[LevelFigures]:
    """Accuracy at each depth, of the group whose classes together are most probable."""
    filled = lines.copy()
    for depth in range(1, lines.shape[1]):
        early = filled[:, depth] < 0
        filled[early, depth] = filled[early, depth - 1]
    hits = np.zeros(lines.shape[1], np.int64)
    for start in range(0, len(labels), _ROWS):
        masses = tree.masses(probs[start : start + _ROWS])
        true = filled[labels[start : start + _ROWS]]
        for depth in range(lines.shape[1]):
            groups = np.unique(filled[:, depth])
            hits[depth] += int((groups[masses[:, groups].argmax(axis=1)] == true[:, depth]).sum())
    return [
        {
            "depth": depth + 1,
            "groups": len(np.unique(filled[:, depth])),
            "accuracy": int(hits[depth]) / len(labels),
            "interval": wilson(int(hits[depth]), len(labels)).to_dict(),
        }
        for depth in range(lines.shape[1])
    ]


def _back_off(
    labels: NDArray[np.int32], probs: NDArray[np.float32], tree: ClassTree, lines: NDArray[np.int32], sure: float
) -> BackOffFigures:
    pieces = [tree.back_off(probs[start : start + _ROWS], sure) for start in range(0, len(labels), _ROWS)]
    nodes = np.concatenate(pieces)
    answered = nodes >= 0
    exact = np.isin(nodes, tree.leaves)
    right = (lines[labels] == nodes[:, None]).any(axis=1) & answered
    return {
        "sure": sure,
        "exact": float(exact.mean()),
        "broader": float((answered & ~exact).mean()),
        "unknown": float((~answered).mean()),
        "error": float(1 - right[answered].mean()) if answered.any() else None,
    }
