from __future__ import annotations

import numpy as np

from foveal.data.label_sets import LabelSets
from foveal.data.sources.notes import Notes
from foveal.data.sources.table_repeats import Found, once_each
from foveal.types.names import Names


def found(paths: str, labels: list[int], *, parts: list[int] | None = None, sets: LabelSets | None = None) -> Found:
    names = Names(paths.split())
    numbers = np.full(len(names), -1, np.int32) if sets is not None else np.array(labels, np.int32)
    return Found(names, numbers, np.array(parts or [0] * len(names), np.int8), np.arange(len(names)), sets)


def test_equal_hashes_of_different_paths_are_told_apart() -> None:
    notes = Notes()
    kept = once_each(found("a b a c b", [0, 1, 0, 1, 2]), np.array([7, 7, 7, 7, 7]), notes)
    assert kept.paths == ("a", "c")
    assert kept.labels.tolist() == [0, 1]
    assert kept.groups.tolist() == [0, 3]
    assert {finding.code: finding.paths for finding in notes.findings()} == {
        "row-repeated": ("a",),
        "rows-disagree": ("b",),
    }


def test_nothing_repeated_is_nothing_copied() -> None:
    given = found("a b", [0, 1])
    assert once_each(given, np.array([1, 2]), Notes()) is given


def test_label_sets_add_up_unless_the_parts_differ() -> None:
    sets = LabelSets.of([[2], [0], [1, 2], [], [0]])
    kept = once_each(found("a b a b c", [], parts=[0, 0, 0, 2, 0], sets=sets), np.array([1, 2, 1, 2, 3]), Notes())
    assert kept.paths == ("a", "c")
    assert kept.sets is not None
    assert kept.sets.matrix(3).tolist() == [[False, True, True], [True, False, False]]
