"""What each class is a kind of: for an answer that is less exact but sure ("a terrier, breed unknown")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

_NOTHING = -1


@dataclass(frozen=True, eq=False)
class ClassTree:
    """C classes as the leaves of a tree; the root, "anything", is no node of it.

    Args:
        names: Name of each of m nodes, for people.
        parents: int32 [m], the node above each, which comes before it; -1 = directly below the root.
        leaves: int32 [C], the node of each class, in class order.

    Raises:
        FovealError: `bad-value`: the fields do not fit together.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    leaves: NDArray[np.int32]

    def __post_init__(self) -> None:
        m = len(self.names)
        ordered = self.parents.shape == (m,) and bool((self.parents < np.arange(m)).all())
        known = self.leaves.ndim == 1 and len(np.unique(self.leaves)) == len(self.leaves)
        inside = all(
            not len(each) or (each.min() >= _NOTHING and each.max() < m) for each in (self.parents, self.leaves)
        )
        if not (ordered and known and inside and (self.leaves >= 0).all()):
            raise FovealError(
                "bad-value",
                "class tree: expected every node after the one above it, and a node of its own for each class",
                hint="the model file is damaged; fit it again",
            )

    @classmethod
    def of_paths(cls, paths: Sequence[Sequence[str]]) -> Self:
        """Build it from what each class is a kind of.

        Args:
            paths: For each class the names from the widest group down to the class itself. Groups are told apart by
                their whole path.
        """
        numbers: dict[tuple[str, ...], int] = {}
        parents: list[int] = []
        for path in paths:
            for depth in range(1, len(path) + 1):
                node = tuple(path[:depth])
                if node not in numbers:
                    numbers[node] = len(parents)
                    parents.append(numbers[node[:-1]] if depth > 1 else _NOTHING)
        leaves = np.array([numbers[tuple(path)] for path in paths], np.int32)
        return cls(tuple(node[-1] for node in numbers), np.array(parents, np.int32), leaves)

    @cached_property
    def depths(self) -> NDArray[np.int32]:
        """int32 [m]: nodes from each up to below the root, itself included."""
        depths = np.ones(len(self.names), np.int32)
        for node, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                depths[node] = depths[parent] + 1
        return depths

    def back_off(self, probs: NDArray[np.float32], sure: float) -> NDArray[np.int32]:
        """int32 [n]: the most exact node that each photo is surely of; -1 where not even a widest group is sure.

        From the root down, always to the most probable node, as long as its probability, the sum over its classes,
        is at least `sure`.

        Args:
            probs: float32 [n, C].
            sure: Above 0, at most 1.
        """
        return np.array([self._down(row, sure) for row in self.masses(probs)], np.int32)

    def masses(self, probs: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64 [n, m]: the probability of each node, which is the sum over its classes.

        Args:
            probs: float32 [n, C].
        """
        found = np.zeros((len(probs), len(self.names)))
        found[:, self.leaves] = probs
        for node in range(len(self.names) - 1, -1, -1):
            if self.parents[node] >= 0:
                found[:, self.parents[node]] += found[:, node]
        return found

    @cached_property
    def _below(self) -> list[NDArray[np.intp]]:
        """The nodes below each, and last those below the root."""
        return [np.flatnonzero(self.parents == node) for node in (*range(len(self.names)), _NOTHING)]

    def _down(self, masses: NDArray[np.float64], sure: float) -> int:
        node = _NOTHING
        while len(below := self._below[node]):
            best = int(below[masses[below].argmax()])
            # Sums of float32 probabilities may miss 1 by their rounding.
            if masses[best] < sure - 1e-6:
                break
            node = best
        return node

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it is, by name; `from_arrays` takes it back."""
        return {"names": np.array(self.names, np.str_), "parents": self.parents, "leaves": self.leaves}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """Rebuild it; a missing array is a KeyError."""
        names = tuple(str(name) for name in arrays["names"])
        return cls(names, np.asarray(arrays["parents"], np.int32), np.asarray(arrays["leaves"], np.int32))
