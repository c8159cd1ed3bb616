from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import VIT, network  # noqa: E402
from torch import nn  # noqa: E402

from foveal.training.tuning.trainable import Trainable, bias_parameters, norm_parameters  # noqa: E402


def test_a_small_network_is_counted_by_hand():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    learnt = [*module[2].parameters(), module[2].bias]
    counted = Trainable.of(module, learnt)
    assert (counted.trained, counted.parameters, counted.delta_bytes) == (10, 34, 40)
    assert counted.share == pytest.approx(10 / 34)
    assert counted.record() == {"trained": 10, "parameters": 34, "delta_bytes": 40, "share": 10 / 34}
    assert str(counted).startswith("10 of 34 parameters are trained (29.41%)")


def test_layers_that_nothing_goes_through_do_not_count():
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    assert Trainable.of(module, module[0].parameters(), but=(module[1], None)).share == 1.0


def test_half_the_precision_is_half_the_bytes():
    module = nn.Linear(3, 4).half()
    assert Trainable.of(module, module.parameters()).delta_bytes == 32


def test_scales_and_shifts_of_every_kind_of_norm():
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm(4))
    assert [id(each) for each in norm_parameters(module)] == [
        id(each) for layer in module[1:] for each in layer.parameters()
    ]


def test_biases_are_all_that_is_added_but_in_layers_left_out():
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 4), nn.Linear(4, 4, bias=False))
    assert [id(each) for each in bias_parameters(module, but=(module[2], None))] == [
        id(module[0].bias),
        id(module[1].bias),
    ]
    attention = nn.MultiheadAttention(8, 2)
    assert [id(each) for each in bias_parameters(attention)] == [
        id(attention.in_proj_bias),
        id(attention.out_proj.bias),
    ]


def test_a_transformer_has_both():
    found = network(VIT)
    assert list(norm_parameters(found))
    assert list(bias_parameters(found))
