from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.heads.affine import AffineHead

COLUMNS, CLASSES = 7, 3


def head(seed: int = 0) -> AffineHead:
    rng = np.random.default_rng(seed)
    return AffineHead(
        rng.normal(size=(COLUMNS, CLASSES)).astype(np.float32), rng.normal(size=CLASSES).astype(np.float32)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_logits_are_the_product_and_the_bias(dtype):
    features = np.random.default_rng(1).normal(size=(5, COLUMNS)).astype(dtype)
    found = head().logits(features)
    wanted = features.astype(np.float64) @ head().weights.astype(np.float64) + head().bias
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert head().classes == CLASSES


def test_a_row_is_the_same_whatever_stands_beside_it():
    features = np.random.default_rng(2).normal(size=(333, COLUMNS)).astype(np.float16)
    together = head().logits(features)
    np.testing.assert_array_equal(together, np.concatenate([head().logits(row[None]) for row in features]))
    assert head().logits(features[:0]).shape == (0, CLASSES)


def test_round_trip():
    again = AffineHead.from_arrays({**head().arrays(), "more": np.zeros(1)})
    for name, array in head().arrays().items():
        np.testing.assert_array_equal(getattr(again, name), array)
    with pytest.raises(KeyError):
        AffineHead.from_arrays({"weights": head().weights})


@pytest.mark.parametrize(
    ("weights", "bias"),
    [
        (np.zeros((COLUMNS, 2), np.float32), np.zeros(3, np.float32)),
        (np.full((COLUMNS, 3), np.nan, np.float32), np.zeros(3, np.float32)),
        (np.zeros((COLUMNS, 3)), np.zeros(3, np.float32)),
        (np.zeros(COLUMNS, np.float32), np.zeros(3, np.float32)),
    ],
)
def test_what_does_not_fit_is_refused(weights, bias):
    with pytest.raises(FovealError) as caught:
        AffineHead(weights, bias)
    assert caught.value.code == "bad-value"
