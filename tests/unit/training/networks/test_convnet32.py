from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("timm", reason="the extra `train` is not installed")

from foveal.errors import FovealError  # noqa: E402
from foveal.training.networks import convnet32  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402
from foveal.training.networks.create import create  # noqa: E402


@pytest.fixture
def network():
    torch.manual_seed(0)
    return create(find_spec("convnet32"), pretrained=False)


def test_it_is_found_by_name_alone_and_by_its_library():
    spec = find_spec("convnet32")
    assert find_spec("foveal/convnet32") == spec
    assert (spec.name, spec.short_name, spec.preprocess.size_wh) == ("convnet32", "convnet32", (32, 32))
    with pytest.raises(FovealError, match="expected the name of a network") as caught:
        find_spec("convnet23")
    assert "convnet32" in caught.value.hint


def test_it_has_no_published_weights_and_says_what_to_do():
    with pytest.raises(FovealError) as caught:
        create(find_spec("convnet32"))
    assert caught.value.code == "weights-missing"
    assert "from-scratch" in caught.value.hint


def test_its_outputs_are_those_of_every_network(network):
    images = torch.randn(2, 3, 32, 32)
    assert network(images).shape == (2, network.columns) == (2, 256)
    assert network.imagenet_layer is None
    assert network.feature_map(images).shape == (2, 256, 3, 3)
    given = network.outputs(images)
    assert {name: values.shape[1] for name, values in given.items()} == network.output_columns
    assert network(torch.randn(1, 3, 64, 48)).shape == (1, 256)


def test_all_of_it_is_in_the_stages_but_the_first_filters(network):
    trained = {id(each) for stage in network.stages() for each in stage}
    assert trained == {id(each) for each in network.parameters()}
    assert not any(name.endswith("filters") for name, _ in network.named_parameters())
    assert any(name.endswith("filters") for name, _ in network.named_buffers())


def test_weights_of_a_file_come_back(network, tmp_path):
    from safetensors.torch import save_file

    save_file(
        {**network.body.state_dict(), "head.weight": torch.zeros(10, 256), "head.bias": torch.zeros(10)},
        tmp_path / "own.safetensors",
    )
    again = create(find_spec("convnet32"), weights=tmp_path / "own.safetensors")
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(again(images), network(images))


def test_the_first_layer_answers_both_ways_and_a_flat_picture_by_its_means_alone():
    layer = convnet32.Opponents()
    answers = layer(torch.randn(1, 3, 8, 8)).detach()
    assert answers.shape == (1, 24, 7, 7)
    assert torch.equal(answers[:, :12], -answers[:, 12:])
    flat = layer(torch.tensor([0.3, -0.2, 0.1]).reshape(1, 3, 1, 1).expand(1, 3, 8, 8)).detach()[0, :12, 0, 0].numpy()
    assert np.abs(flat[:3]).min() > 1e-3
    assert np.abs(flat[3:]).max() < 1e-5


def test_convolutions_begin_by_passing_their_input_on():
    layer = convnet32._conv(4, 6)
    images = torch.randn(1, 4, 5, 5)
    assert torch.allclose(layer(images)[:, :4], images, atol=1e-6)
