from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import nn  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training.averaging import Average, interpolate  # noqa: E402


def layer(value: float) -> nn.Module:
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, value)
    return module


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 36, 2))


def test_values_by_hand():
    """Shares kept: 1/10, 2/11, 3/12, ... until the decay."""
    module = layer(1.0)
    average = Average(module, 0.2)
    nn.init.constant_(module.weight, 2.0)
    average.update(module)
    first = 0.1 * 1 + 0.9 * 2
    assert average.state_dict()["weight"].item() == pytest.approx(first)
    nn.init.constant_(module.weight, 3.0)
    average.update(module)
    second = 2 / 11 * first + 9 / 11 * 3
    assert average.state_dict()["weight"].item() == pytest.approx(second)
    assert average.share() == 0.2


def test_running_statistics_are_averaged_and_counters_copied():
    module = small()
    average = Average(module, 0.5)
    module(torch.randn(4, 3, 8, 8) + 5)
    average.update(module)
    state = average.state_dict()
    assert torch.allclose(state["1.running_mean"], 0.9 * module[1].running_mean)
    assert state["1.num_batches_tracked"].item() == 1


def test_swapped_gives_the_average_and_puts_everything_back():
    module = small()
    average = Average(module, 0.9)
    with torch.no_grad():
        module[0].weight.add_(1)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with average.swapped(module):
        assert torch.equal(module[0].weight, average.state_dict()["0.weight"])
        assert not torch.equal(module[0].weight, before["0.weight"])
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    with pytest.raises(ZeroDivisionError), average.swapped(module):
        raise ZeroDivisionError
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_an_optimiser_goes_on_after_the_average_was_copied():
    module = small()
    average = Average(module, 0.9)
    weight = module[0].weight
    with torch.no_grad():
        weight.zero_()
    average.copy_to(module)
    assert module[0].weight is weight
    assert weight.abs().sum() > 0


def test_restored_it_goes_on_bit_for_bit():
    module, other = small(), small()
    average, again = Average(module, 0.99), Average(other, 0.99)
    for step in range(6):
        if step == 3:
            again.load_state_dict(average.state_dict(), updates=average.updates)
        with torch.no_grad():
            module[3].bias.add_(0.37)
        average.update(module)
        if step >= 3:
            again.update(module)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in average.state_dict().items())


@pytest.mark.parametrize(("alpha", "expected"), [(0.0, 2.0), (0.25, 3.0), (1.0, 6.0)])
def test_interpolation_by_hand(alpha, expected):
    found = interpolate(layer(2.0).state_dict(), layer(6.0).state_dict(), alpha)
    assert found["weight"].item() == expected


def test_interpolation_shares_no_memory_and_keeps_counters():
    tuned = small()
    tuned(torch.randn(2, 3, 8, 8))
    found = interpolate(small().state_dict(), tuned.state_dict(), 1.0)
    assert found["1.num_batches_tracked"].item() == 1
    found["3.bias"].add_(1)
    assert not torch.equal(found["3.bias"], tuned[3].bias)


def test_states_of_different_networks_are_refused():
    with pytest.raises(FovealError, match="expected two states of the same network, got bias, weight") as caught:
        interpolate({}, nn.Linear(1, 1).state_dict(), 0.5)
    assert caught.value.code == "bad-value"
    with pytest.raises(FovealError, match="of two shapes"):
        interpolate(nn.Linear(2, 1).state_dict(), nn.Linear(1, 1).state_dict(), 0.5)
    with pytest.raises(FovealError, match="got weight"):
        Average(layer(1), 0.9).load_state_dict({}, updates=1)


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(FovealError, match="decay from 0, below 1"):
        Average(layer(1), decay)
    with pytest.raises(FovealError, match="alpha from 0 to 1"):
        interpolate({}, {}, 1.5)
