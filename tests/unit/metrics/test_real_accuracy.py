from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics.classification import real_accuracy


def test_any_of_the_labels_is_right_and_photos_without_any_are_left_out() -> None:
    targets = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]], np.bool_)
    assert real_accuracy(targets, np.array([1, 0, 0, 1])) == pytest.approx(2 / 3)
    assert real_accuracy(targets, np.array([0, 2, 2, 1])) == 1.0


@pytest.mark.parametrize(
    ("targets", "predictions"),
    [
        (np.zeros((2, 3), np.bool_), np.zeros(2, np.int64)),
        (np.ones((2, 3), np.bool_), np.zeros(3, np.int64)),
        (np.ones((2, 3)), np.zeros(2, np.int64)),
        (np.ones(2, np.bool_), np.zeros(2, np.int64)),
    ],
)
def test_what_does_not_fit_is_refused(targets: object, predictions: object) -> None:
    with pytest.raises(FovealError) as caught:
        real_accuracy(targets, predictions)
    assert caught.value.code == "bad-value"
