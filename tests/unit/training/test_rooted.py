from __future__ import annotations

import numpy as np
import pytest

from foveal.heads.linear import LinearHead

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.rooted import RootedLinear  # noqa: E402


def head(columns=9, classes=4):
    rng = np.random.default_rng(0)
    shapes = {"centre": columns, "scale": columns, "weights": (columns, classes), "bias": classes}
    return LinearHead.from_arrays({name: rng.normal(size=shape) for name, shape in shapes.items()})


def test_it_is_the_head_and_goes_back_to_it():
    features = np.random.default_rng(1).normal(size=(20, 9)).astype(np.float32)
    features[0] = 0
    module = RootedLinear(head())
    np.testing.assert_allclose(module(torch.from_numpy(features)).detach(), head().logits(features), atol=1e-5)
    for name, array in module.to_head().arrays().items():
        np.testing.assert_array_equal(array, head().arrays()[name])
    assert (module.in_features, module.out_features) == (9, 4)


def test_the_slope_is_the_roots_away_from_nothing_and_bounded_there():
    module = RootedLinear(LinearHead.from_arrays({"centre": [0.0], "scale": [1.0], "weights": [[1.0]], "bias": [0.0]}))
    features = torch.tensor([[4.0], [-4.0], [0.25], [0.0], [1e-9]], requires_grad=True)
    module(features).sum().backward()
    np.testing.assert_allclose(features.grad[:, 0], [0.25, 0.25, 1.0, 5.0, 5.0], rtol=1e-6)


def test_it_learns():
    features = torch.randn(64, 9, generator=torch.Generator().manual_seed(0)).abs()
    labels = (features[:, 0] > features[:, 1]).long()
    module = RootedLinear(head(classes=2))
    optimiser = torch.optim.Adam(module.parameters(), lr=0.05)
    losses = []
    for _ in range(100):
        loss = torch.nn.functional.cross_entropy(module(features), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    assert not torch.equal(module.weights.detach(), torch.from_numpy(head(classes=2).weights))
