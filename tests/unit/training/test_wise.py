from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.metrics.calibration import fit_temperature, softmax  # noqa: E402
from foveal.metrics.classification import log_losses  # noqa: E402
from foveal.training.wise import ALPHAS, mix  # noqa: E402

FEATURES = torch.from_numpy(np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32))
LABELS = (FEATURES[:, 0] + 0.3 * FEATURES[:, 1] > 0).numpy().astype(np.int32)


def layer(x, y):
    made = torch.nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        made.weight.copy_(torch.tensor([[-x, -y], [x, y]]))
    return made


def mixed(start, end):
    def held():
        with torch.no_grad():
            return end(FEATURES).numpy()

    with torch.no_grad():
        first = start(FEATURES).numpy()
    return mix(end, start.state_dict(), held, LABELS, start_logits=first, end_logits=held())


def test_the_best_lies_between():
    module = layer(2.0, 3.0)
    found = mixed(layer(2.0, -1.0), module)
    assert found.alpha == pytest.approx(0.5, abs=0.25)
    assert 0 < found.alpha < 1
    with torch.no_grad():
        assert np.allclose(module(FEATURES).numpy(), found.logits)
    assert set(found.losses) == {0.0, *ALPHAS, 1.0}
    assert f"{found.alpha:.0%}" in str(found)


@pytest.mark.parametrize(("start", "end", "alpha"), [((2, 0.6), (0, 3), 0.0), ((0, 3), (2, 0.6), 1.0)])
def test_an_end_can_be_best(start, end, alpha):
    module = layer(*end)
    found = mixed(layer(*start), module)
    assert found.alpha == alpha
    assert torch.allclose(module.weight, layer(*(start if alpha == 0 else end)).weight)


def test_where_all_are_alike_the_end_is_kept():
    assert mixed(layer(1, 1), layer(1, 1)).alpha == 1.0


def test_where_every_class_counts_the_same_the_common_one_does_not_decide():
    """Two overlapping classes of 180 and 20 photos: the start allows for their shares, the end does not."""
    rng, labels = np.random.default_rng(0), np.repeat(np.array([0, 1], np.int32), (180, 20))
    pictures = torch.from_numpy((rng.normal(size=(200, 1)) + labels[:, None] - 0.5).astype(np.float32))

    def biased(bias):
        made = torch.nn.Linear(1, 2)
        with torch.no_grad():
            made.weight.copy_(torch.tensor([[-0.5], [0.5]]))
            made.bias.copy_(torch.tensor([-bias / 2, bias / 2]))
        return made

    found = {}
    for balanced in (False, True):
        start, end = biased(np.log(20 / 180)), biased(0.0)

        def held(module=end):
            return module(pictures).detach().numpy()

        logits = {"start_logits": held(start), "end_logits": held()}
        found[balanced] = mix(end, start.state_dict(), held, labels, **logits, balanced=balanced)
    assert found[False].alpha <= 0.25
    assert found[True].alpha >= 0.75
    probs = softmax(held(biased(0.0)), fit_temperature(held(biased(0.0)), labels, smoothing=1 / 202))
    each = log_losses(labels, probs)
    assert found[True].losses[1.0] == pytest.approx((each[:180].mean() + each[180:].mean()) / 2)
    assert found[False].losses[1.0] == pytest.approx(each.mean())
    assert "held-out classes" in str(found[True])
