from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.errors import FovealError  # noqa: E402
from foveal.training.losses import balanced_weights, each_loss, log_priors, loss  # noqa: E402

LOGITS = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def test_values_by_hand():
    first = -math.log(math.exp(2) / (math.exp(2) + 2))
    second = -math.log(1 / (math.e + 2))
    assert each_loss(LOGITS, torch.tensor([0, 2])).tolist() == pytest.approx([first, second])
    assert float(loss(LOGITS, torch.tensor([0, 2]))) == pytest.approx((first + second) / 2)


def test_soft_targets_are_the_mean_over_classes():
    hard = torch.stack([each_loss(LOGITS, torch.tensor([label, label])) for label in range(3)], dim=1)
    targets = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]])
    assert torch.allclose(each_loss(LOGITS, targets), (hard * targets).sum(dim=1))


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 3.0])])
def test_whole_targets_say_the_same_as_labels(weights):
    labels = torch.tensor([0, 2])
    hot = torch.nn.functional.one_hot(labels, 3).float()
    assert torch.allclose(each_loss(LOGITS, labels, weights=weights), each_loss(LOGITS, hot, weights=weights))


def test_parts_of_a_batch_add_up_whatever_the_weights():
    weights = torch.tensor([0.5, 1.0, 3.0])
    logits, labels = torch.randn(8, 3), torch.arange(8) % 3
    parts = [loss(logits[at : at + 4], labels[at : at + 4], weights=weights) / 2 for at in (0, 4)]
    assert float(sum(parts)) == pytest.approx(float(loss(logits, labels, weights=weights)))


def test_short_numbers_are_summed_in_long_ones():
    assert loss(LOGITS.bfloat16(), torch.tensor([0, 2])).dtype == torch.float32


def test_log_priors_by_hand():
    assert log_priors(np.array([6, 3, 1])).tolist() == pytest.approx([math.log(0.6), math.log(0.3), math.log(0.1)])
    assert log_priors(np.array([6, 4]), strength=0.5).tolist() == pytest.approx([math.log(0.6) / 2, math.log(0.4) / 2])
    assert log_priors(np.array([9, 0])).exp().tolist() == pytest.approx([9 / 9.5, 0.5 / 9.5])


def test_logit_adjustment_makes_a_rare_class_as_likely_as_a_common_one():
    """Without inputs, what is learnt with the adjustment is the same for every class; without it, the prior."""
    labels = torch.tensor([0] * 9 + [1])
    learnt = {}
    for strength in (0.0, 1.0):
        bias = torch.zeros(2, requires_grad=True)
        prior = log_priors(np.array([9, 1]), strength=strength)
        optimiser = torch.optim.SGD([bias], lr=2.0)
        for _ in range(200):
            optimiser.zero_grad()
            loss(bias.expand(10, 2), labels, prior_logits=prior).backward()
            optimiser.step()
        learnt[strength] = torch.softmax(bias.detach(), dim=0).tolist()
    assert learnt[0.0] == pytest.approx([0.9, 0.1], abs=1e-3)
    assert learnt[1.0] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_effective_numbers_by_hand():
    """β = 0.9: 1 photo counts 1, 2 count 1.9, 10 count 6.513 (equation 2 of the paper)."""
    weights = balanced_weights(np.array([1, 2, 10]), beta=0.9)
    assert (weights[0] / weights[1]).item() == pytest.approx(1.9)
    assert (weights[0] / weights[2]).item() == pytest.approx((1 - 0.9**10) / 0.1)


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 1 - 1e-12])
def test_weights_have_a_mean_of_one_over_the_photos(beta):
    counts = np.array([500, 20, 3, 1])
    weights = balanced_weights(counts, beta=beta).numpy()
    assert (weights * counts).sum() / counts.sum() == pytest.approx(1, rel=1e-5)
    assert (np.diff(weights) > 0).all() if beta else (weights == 1).all()


def test_the_ends_are_no_weights_and_inverse_counts():
    assert balanced_weights(np.array([4, 2, 0]), beta=0).tolist() == [1, 1, 1]
    near_one = balanced_weights(np.array([4, 2]), beta=1 - 1e-12)
    assert (near_one[1] / near_one[0]).item() == pytest.approx(2)


@pytest.mark.parametrize("counts", [np.array([0, 0]), np.array([2, -1]), np.ones((2, 2), int)])
@pytest.mark.parametrize("function", [log_priors, balanced_weights])
def test_counts_that_are_none_are_refused(function, counts):
    with pytest.raises(FovealError, match=r"expected counts \[C\] from 0, not all 0") as caught:
        function(counts)
    assert caught.value.code == "bad-value"


def test_targets_of_another_shape_are_refused():
    with pytest.raises(FovealError, match=r"expected targets \[2\] or \[2, 3\], got \[3\]"):
        loss(LOGITS, torch.zeros(3, dtype=torch.int64))
    with pytest.raises(FovealError, match="beta from 0, below 1"):
        balanced_weights(np.array([1]), beta=1.0)
