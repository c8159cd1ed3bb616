from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.explainers.channels import Excited, class_channels, draw_excited, most_excited
from foveal.heads.linear import LinearHead
from foveal.heads.sigmoid import SigmoidHead


@given(st.lists(st.floats(-1e3, 1e3, width=16), min_size=1, max_size=30), st.integers(1, 8))
def test_the_most_excited_are_the_largest_in_order(values: list[float], count: int) -> None:
    array = np.array(values, np.float16)
    found = most_excited(array, count)
    assert array[found].tolist() == sorted(array.tolist(), reverse=True)[:count]
    assert len(set(found.tolist())) == len(found) == min(count, len(values))


def _head(weights: list[list[float]], scale: list[float]) -> LinearHead:
    matrix = np.array(weights, np.float32)
    return LinearHead(np.zeros(len(matrix), np.float32), np.array(scale, np.float32), matrix, np.zeros(3, np.float32))


def test_a_classs_channels_are_those_that_tell_it_from_the_others() -> None:
    head = _head([[5, 5, 5], [1, 0, -1], [0.1, 0.3, 0.2], [9, 0, 0]], scale=[1, 1, 1, 0])
    # The first counts alike for all classes, and the last is constant.
    assert [column for column, _ in class_channels(head, 0, 1)] == [1]
    assert [column for column, _ in class_channels(head, 1, 1)] == [2]


def test_adding_one_number_to_all_classes_changes_nothing() -> None:
    one = _head([[3, 1, 2], [1, 0, -1]], scale=[1, 1])
    other = _head([[103, 101, 102], [1, 0, -1]], scale=[1, 1])
    for column in range(3):
        assert class_channels(one, column, 2) == class_channels(other, column, 2)


def test_classes_judged_for_themselves_have_weights_of_their_own() -> None:
    plain = _head([[5, 5, 5], [1, 0, -1]], scale=[1, 1])
    head = SigmoidHead(**plain.arrays(), thresholds=np.full(3, 0.5, np.float32))
    assert class_channels(head, 0, 1) == [(0, 5.0)]


def _excited(weight: float | None) -> Excited:
    return Excited(
        channel="tap_7:12",
        weight=weight,
        rows=np.array([4, 2]),
        values=np.array([2.0, 1.5], np.float32),
        photos=("hat/a.jpg", "b.jpg"),
        mean=0.5,
        deviation=0.5,
    )


def test_the_sheet_says_how_far_each_photo_stands_out(tmp_path) -> None:
    pictures = [np.zeros((30, 60, 3), np.uint8), np.zeros((60, 20, 3), np.uint8)]
    path = draw_excited([_excited(0.25), _excited(None)], [pictures, pictures], tmp_path / "s.svg", title="a title")
    assert path.read_text().count("<image") == 4


def test_json_names_the_photos_with_their_values() -> None:
    found = _excited(0.25).to_dict()
    assert found["photos"] == [{"path": "hat/a.jpg", "value": 2.0}, {"path": "b.jpg", "value": 1.5}]
    assert (found["channel"], found["weight"], found["mean"], found["deviation"]) == ("tap_7:12", 0.25, 0.5, 0.5)
