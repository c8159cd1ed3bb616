from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.metrics import DIRECTIONS, METRICS, index, metric

LABELS = np.arange(200) % 10
PERFECT = np.eye(10)[LABELS]
WRONG = np.eye(10)[(LABELS + 1) % 10] * 0.99 + 0.001


@pytest.mark.parametrize("name", METRICS)
def test_perfect_probabilities_are_better_in_the_declared_direction(name: str) -> None:
    found = metric(name)
    best, worse = found.function(LABELS, PERFECT), found.function(LABELS, WRONG)
    assert isinstance(best, float)
    assert best == pytest.approx(1.0 if found.better == "higher" else 0.0, abs=1e-9)
    assert best > worse if found.better == "higher" else best < worse


def test_every_metric_has_a_direction() -> None:
    assert list(METRICS) == list(DIRECTIONS)


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(FovealError, match="'a' for m:f and m:g") as caught:
        index([("a", "m:f", "higher"), ("a", "m:g", "lower")])
    assert caught.value.code == "duplicate-name"


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(FovealError, match="accuracy"):
        metric("acuracy")
