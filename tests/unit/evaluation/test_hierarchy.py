from __future__ import annotations

import numpy as np
import pytest

from foveal.evaluation.hierarchy import hierarchy_figures
from foveal.trust.tree import ClassTree

TREE = ClassTree.of_paths([("animal", "dog", "terrier"), ("animal", "dog", "poodle"), ("animal", "cat"), ("stone",)])


def sure_of(*columns: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[list(columns)]


def test_distances_and_heights_of_mistakes() -> None:
    labels = np.array([0, 0, 0, 0], np.int32)
    found = hierarchy_figures(labels, sure_of(0, 1, 2, 3), TREE)
    # right; terrier-dog-poodle; terrier-dog-animal-cat; terrier-dog-animal-root-stone
    assert found["mean_distance"] == pytest.approx((0 + 2 + 3 + 4) / 4)
    assert found["mistake_distance"] == pytest.approx(3)
    assert found["mistake_height"] == pytest.approx((1 + 2 + 3) / 3)


def test_accuracy_rises_towards_the_root() -> None:
    labels = np.array([0, 0, 0, 0], np.int32)
    found = hierarchy_figures(labels, sure_of(0, 1, 2, 3), TREE)
    assert [(level["groups"], level["accuracy"]) for level in found["levels"]] == [(2, 0.75), (3, 0.5), (4, 0.25)]


def test_back_off_answers_more_broadly_and_less_wrongly() -> None:
    probs = np.array([[0.5, 0.45, 0.03, 0.02], [0.97, 0.01, 0.01, 0.01], [0.3, 0.1, 0.1, 0.5]], np.float32)
    (wide,) = [
        each
        for each in hierarchy_figures(np.array([1, 0, 3], np.int32), probs, TREE)["back_off"]
        if each["sure"] == 0.9
    ]
    assert (wide["exact"], wide["broader"], wide["unknown"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert wide["error"] == 0


def test_no_mistakes_have_no_distance() -> None:
    found = hierarchy_figures(np.array([0, 3], np.int32), sure_of(0, 3), TREE)
    assert (found["mean_distance"], found["mistake_distance"], found["mistake_height"]) == (0, None, None)
