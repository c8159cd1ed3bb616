from __future__ import annotations

import pytest

from foveal.errors import FovealError
from foveal.training.schedule import SHAPES, factor


@pytest.mark.parametrize(
    ("progress", "shape", "expected"),
    [
        (0.0, "cosine", 0.0),
        (0.1, "cosine", 0.5),
        (0.2, "cosine", 1.0),
        (0.4, "cosine", 0.8535534),  # (1 + cos(π/4)) / 2
        (0.6, "cosine", 0.5),
        (1.0, "cosine", 0.0),
        (0.6, "linear", 0.5),
        (0.9, "linear", 0.125),
        (1.0, "linear", 0.0),
        (0.1, "constant", 0.5),
        (0.2, "constant", 1.0),
        (1.0, "constant", 1.0),
    ],
)
def test_values_by_hand(progress, shape, expected):
    assert factor(progress, warmup=0.2, shape=shape) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_rises_then_never_rises_again(shape):
    values = [factor((step + 0.5) / 100, warmup=0.1, shape=shape) for step in range(100)]
    assert values[:10] == sorted(values[:10])
    assert values[10:] == sorted(values[10:], reverse=True)
    assert 0 < min(values) <= max(values) <= 1


def test_without_a_warm_up_it_begins_at_the_top():
    assert factor(0.0, warmup=0.0, shape="cosine") == 1
    assert factor(1.0, warmup=1.0, shape="cosine") == 1


@pytest.mark.parametrize(("progress", "warmup"), [(-0.1, 0.1), (1.1, 0.1), (0.5, 1.5), (float("nan"), 0.1)])
def test_shares_out_of_range_are_refused(progress, warmup):
    with pytest.raises(FovealError, match="from 0 to 1"):
        factor(progress, warmup=warmup, shape="cosine")


def test_an_unknown_shape_names_the_near_one():
    with pytest.raises(FovealError) as caught:
        factor(0.5, warmup=0.1, shape="cosin")
    assert caught.value.hint == "did you mean cosine?"
