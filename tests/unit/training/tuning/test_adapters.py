from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from tests.unit.training.recipes.tiny_training import RESNET, VIT, network  # noqa: E402

from foveal.training.tuning.adapter import adapter_parameters, add_adapters  # noqa: E402


@pytest.mark.parametrize("name", [RESNET, VIT, "timm/test_convnext", "timm/test_efficientnet"])
def test_it_begins_as_the_plain_network_and_every_bottleneck_counts(name):
    plain = network(name).eval()
    changed = copy.deepcopy(plain)
    count = add_adapters(changed, width=4)
    assert count >= len([each for each in plain.output_columns if each.startswith("tap_")])
    images = torch.randn(2, 3, *plain.spec.preprocess.size_wh[::-1])
    with torch.no_grad():
        before, after = plain.outputs(images), changed.outputs(images)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[each], after[each]) for each in before)
    added = list(adapter_parameters(changed))
    assert len(added) == 4 * count
    for each in added:
        torch.nn.init.normal_(each, std=0.2)
    outputs = changed.outputs(images)
    with torch.no_grad():
        assert all((outputs[each] - before[each]).abs().max() > 1e-3 for each in before)
    sum(value.sum() for value in outputs.values()).backward()
    assert all(each.grad is not None and each.grad.abs().max() > 0 for each in added)


def test_nothing_but_the_bottlenecks_can_be_learnt():
    changed = network()
    add_adapters(changed, width=4)
    added = {id(each) for each in adapter_parameters(changed)}
    assert {id(each) for each in changed.parameters() if each.requires_grad} == added
