from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import RESNET, VIT, network  # noqa: E402
from torch import nn  # noqa: E402

from foveal.training.tuning.lora import (  # noqa: E402
    add_low_rank,
    low_rank_parameters,
    merge_low_rank,
    plain_state,
)


def moved(module):
    for each in low_rank_parameters(module):
        nn.init.normal_(each, std=0.2)


@pytest.mark.parametrize("name", [RESNET, VIT, "timm/test_efficientnet"])
def test_it_begins_as_the_plain_network_and_ends_merged(name):
    plain = network(name).eval()
    changed = copy.deepcopy(plain)
    images = torch.randn(2, 3, *plain.spec.preprocess.size_wh[::-1])
    add_low_rank(changed, rank=2, but=(changed.imagenet_layer,))
    with torch.no_grad():
        assert torch.equal(changed(images), plain(images))
        moved(changed)
        before = changed(images)
        assert not torch.allclose(before, plain(images), rtol=0.1)
        merge_low_rank(changed)
        assert torch.allclose(changed(images), before, atol=1e-5, rtol=1e-5)
    assert changed.state_dict().keys() == plain.state_dict().keys()
    assert [type(each) for each in changed.modules()] == [type(each) for each in plain.modules()]


def test_the_plain_state_has_the_names_and_values_from_before():
    plain = network()
    changed = copy.deepcopy(plain)
    add_low_rank(changed, rank=2)
    moved(changed)
    state = plain_state(changed)
    assert state.keys() == plain.state_dict().keys()
    assert all(torch.equal(value, state[name]) for name, value in plain.state_dict().items())
    merge_low_rank(changed)
    changed.load_state_dict(state)
    assert all(torch.equal(value, state[name]) for name, value in changed.state_dict().items())


def test_only_the_factors_can_be_learnt_and_get_gradients():
    changed = network()
    add_low_rank(changed, rank=2, but=(changed.imagenet_layer,))
    factors = {id(each) for each in low_rank_parameters(changed)}
    assert {id(each) for each in changed.parameters() if each.requires_grad} == factors
    moved(changed)
    changed.eval()(torch.randn(2, 3, 64, 64)).sum().backward()
    assert all(each.grad is not None for each in low_rank_parameters(changed))


def test_a_layer_hardly_larger_than_its_factors_is_left_alone():
    layers = nn.Sequential(nn.Linear(8, 8), nn.Linear(64, 64), nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3, groups=16))
    add_low_rank(layers, rank=4)
    assert [hasattr(each, "parametrizations") for each in layers] == [False, True, True, False]


def test_a_layer_can_be_left_out():
    layers = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))
    add_low_rank(layers, rank=2, but=(layers[0], None))
    assert [hasattr(each, "parametrizations") for each in layers] == [False, True]


def test_attention_that_keeps_its_three_projections_in_one_weight():
    attention = nn.MultiheadAttention(16, 2, batch_first=True).eval()
    tokens = torch.randn(2, 5, 16)
    with torch.no_grad():
        plain = attention(tokens, tokens, tokens)[0]
        add_low_rank(attention, rank=2)
        assert torch.allclose(attention(tokens, tokens, tokens)[0], plain, atol=1e-6)
        moved(attention)
        changed = attention(tokens, tokens, tokens)[0]
        assert (changed - plain).abs().max() > 1e-3
        merge_low_rank(attention)
        assert torch.allclose(attention(tokens, tokens, tokens)[0], changed, atol=1e-5)


def test_a_copy_of_a_changed_network_learns_by_itself():
    changed = network()
    add_low_rank(changed, rank=2)
    copied = copy.deepcopy(changed)
    moved(copied)
    assert all(each.abs().max() == 0 for name, each in changed.named_parameters() if name.endswith(".0.b"))
