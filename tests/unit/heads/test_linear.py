from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foveal.errors import FovealError
from foveal.heads.linear import LinearHead, compress

COLUMNS, CLASSES = 7, 3


def arrays(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"centre": COLUMNS, "scale": COLUMNS, "weights": (COLUMNS, CLASSES), "bias": CLASSES}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@given(
    hnp.arrays(
        st.sampled_from([np.float16, np.float32, np.float64]),
        hnp.array_shapes(min_dims=2, max_dims=2),
        elements=st.floats(-60000, 60000, width=16),
    )
)
def test_compression_is_the_signed_root(features):
    before = features.copy()
    found = compress(features)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(features, before)
    np.testing.assert_allclose(
        np.sign(found) * found.astype(np.float64) ** 2, features.astype(np.float64), rtol=1e-5, atol=1e-30
    )


def test_compression_of_more_rows_than_a_block():
    features = np.random.default_rng(0).normal(size=(20_000, 2)).astype(np.float16)
    whole = compress(features)
    parts = np.concatenate([compress(features[start : start + 777]) for start in range(0, len(features), 777)])
    np.testing.assert_array_equal(whole, parts)
    assert compress(features[:0]).shape == (0, 2)


def test_logits_are_the_formula():
    given_arrays = arrays()
    head = LinearHead.from_arrays(given_arrays)
    features = np.random.default_rng(1).normal(size=(5, COLUMNS)).astype(np.float16)
    z = np.sign(features) * np.sqrt(np.abs(features.astype(np.float64)))
    wanted = ((z - given_arrays["centre"]) * given_arrays["scale"]) @ given_arrays["weights"] + given_arrays["bias"]
    found = head.logits(features)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert head.classes == CLASSES


def test_round_trip():
    head = LinearHead.from_arrays(arrays())
    again = LinearHead.from_arrays({**head.arrays(), "more": np.zeros(1)})
    features = np.random.default_rng(1).normal(size=(5, COLUMNS))
    np.testing.assert_array_equal(again.logits(features), head.logits(features))
    assert list(head.arrays()) == ["centre", "scale", "weights", "bias"]


@pytest.mark.parametrize("name", ["centre", "scale", "weights", "bias"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda array: array[:-1],
        lambda array: array[None],
        lambda array: array.reshape(-1)[0],
        lambda array: np.full_like(array, np.nan),
        lambda array: np.full_like(array, np.inf),
    ],
    ids=["shorter", "another axis", "a number", "nan", "infinite"],
)
def test_a_damaged_head_is_refused(name, spoil):
    given_arrays = arrays()
    given_arrays[name] = spoil(given_arrays[name])
    with pytest.raises(FovealError) as caught:
        LinearHead.from_arrays(given_arrays)
    assert caught.value.code == "bad-value"
    assert "expected" in caught.value.message


def test_another_type_is_refused_and_a_missing_array_is_a_key_error():
    given_arrays = arrays()
    with pytest.raises(FovealError, match="float64"):
        LinearHead(**{**given_arrays, "bias": given_arrays["bias"].astype(np.float64)})
    del given_arrays["scale"]
    with pytest.raises(KeyError):
        LinearHead.from_arrays(given_arrays)
