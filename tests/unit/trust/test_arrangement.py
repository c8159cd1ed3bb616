from __future__ import annotations

import numpy as np
import pytest

from foveal.errors import FovealError
from foveal.trust.arrangement import ArrangementGate


def gate(columns: int = 6) -> ArrangementGate:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=columns).astype(np.float32)
    return ArrangementGate(weights, np.array(0.5, np.float32), np.array(0.0, np.float32))


def test_scores_are_linear_in_the_compressed_features() -> None:
    features = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float16)
    wide = features.astype(np.float64)
    wanted = np.sign(wide) * np.sqrt(np.abs(wide)) @ gate().weights + 0.5
    np.testing.assert_allclose(gate().scores(features), wanted, rtol=1e-5, atol=1e-5)
    assert (gate().unknown(features) == (wanted > 0)).all()


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    features = np.random.default_rng(1).random((70, 6)).astype(np.float16)
    together = gate().scores(features)
    assert all(gate().scores(features[row : row + 1])[0] == together[row] for row in range(70))


def test_arrays_there_and_back() -> None:
    again = ArrangementGate.from_arrays(gate().arrays())
    assert (again.weights == gate().weights).all()
    assert (again.bias, again.threshold) == (gate().bias, gate().threshold)


@pytest.mark.parametrize(
    "arrays",
    [
        {"weights": np.zeros((2, 2), np.float32)},
        {"bias": np.zeros(1, np.float32)},
        {"threshold": np.array(np.nan, np.float32)},
    ],
)
def test_damage_is_refused(arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(FovealError) as caught:
        ArrangementGate.from_arrays({**gate().arrays(), **arrays})
    assert caught.value.code == "bad-value"
