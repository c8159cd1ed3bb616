from __future__ import annotations

import numpy as np
import pytest
from looking_models import red_model, red_photo

from foveal.explainers.class_map import class_map
from foveal.explainers.grade import RANDOM_MAPS, STEPS, Grade, curves, grade, random_maps
from foveal.explainers.subject import Subject


@pytest.fixture(scope="module")
def subject():
    return Subject.of(red_model(), red_photo())


def blob(subject, y, x):
    height, width = subject.canvas_hw
    rows, columns = np.mgrid[0:height, 0:width]
    return np.exp(-20 * ((rows / height - y) ** 2 + (columns / width - x) ** 2)).astype(np.float32)


def test_a_map_that_knows_beats_every_random_one(subject):
    found = grade(subject, 0, class_map(subject, 0))
    assert found.better
    assert found.beaten == len(found.random_deletion) == RANDOM_MAPS
    assert found.deletion_area < found.random_deletion.min()
    assert found.insertion_area > found.random_insertion.max()
    assert found.verdict.startswith("better than chance")


def test_a_map_of_the_wrong_place_does_not(subject):
    found = grade(subject, 0, blob(subject, 0.2, 0.2))
    assert not found.better
    assert found.verdict.startswith("not better than chance")


def test_a_flat_map_knows_nothing(subject):
    assert not grade(subject, 0, np.zeros(subject.canvas_hw, np.float32)).better


def test_of_maps_that_know_nothing_few_are_called_better(subject):
    """A map like the random ones is among the two best of 1 + R of them with probability 2 / (1 + R)."""
    made = random_maps(subject.seen, 10 * (1 + RANDOM_MAPS), seed=3)
    areas = curves(subject, 0, made, steps=5).mean(axis=-1)
    score = (areas[:, 1] - areas[:, 0]).reshape(10, 1 + RANDOM_MAPS)
    beaten = (score[:, :1] > score[:, 1:]).sum(axis=1)
    assert (beaten >= RANDOM_MAPS - 1).mean() <= 0.5
    assert 2 < beaten.mean() < RANDOM_MAPS - 2


def test_curves_begin_and_end_with_all_and_nothing(subject):
    found = curves(subject, 0, [blob(subject, 0.5, 0.5), blob(subject, 0.1, 0.9)])
    assert found.shape == (2, 2, STEPS + 1)
    whole = subject.probs()[0]
    nothing = subject.with_hidden([np.zeros(subject.canvas_hw, np.float32)])[0, 0]
    np.testing.assert_array_equal(found[:, 0, 0], [whole] * 2)
    np.testing.assert_array_equal(found[:, 1, -1], [whole] * 2)
    np.testing.assert_array_equal(found[:, 1, 0], [nothing] * 2)
    np.testing.assert_array_equal(found[:, 0, -1], [nothing] * 2)


def test_areas_are_those_under_the_curve():
    ramp = np.linspace(0, 1, 11, dtype=np.float32)
    found = Grade(ramp[::-1], ramp, np.array([0.6, 0.4], np.float32), np.array([0.5, 0.6], np.float32))
    assert found.deletion_area == pytest.approx(0.5)
    assert found.insertion_area == pytest.approx(0.5)
    assert found.beaten == 1


@pytest.mark.parametrize(
    ("beaten", "words"),
    [(9, "better than chance"), (8, "probably better"), (7, "not better than chance"), (0, "not better")],
)
def test_words(beaten, words):
    ramp = np.linspace(0, 1, 11, dtype=np.float32)
    insertion = np.where(np.arange(9) < beaten, 0.1, 0.9).astype(np.float32)
    found = Grade(ramp, ramp, np.full(9, 0.5, np.float32), insertion)
    assert found.verdict.startswith(words)
    assert found.better == (beaten >= 8)


def test_random_maps_lie_over_what_is_seen():
    seen = np.zeros((40, 60), np.bool_)
    seen[5:35, 10:50] = True
    made = random_maps(seen, 3)
    assert all((each[~seen] == 0).all() for each in made)
    assert all(each[seen].std() > 0.2 for each in made)
    assert abs(np.corrcoef(made[0][seen], made[1][seen])[0, 1]) < 0.8


def test_the_grade_is_the_same_again(subject):
    first, second = (grade(subject, 0, blob(subject, 0.7, 0.7)) for _ in range(2))
    np.testing.assert_array_equal(first.random_deletion, second.random_deletion)
    np.testing.assert_array_equal(first.insertion, second.insertion)
