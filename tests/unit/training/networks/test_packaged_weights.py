from __future__ import annotations

import numpy as np
import pytest

from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network, weights_file
from foveal.errors import FovealError

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from foveal.training.networks import packaged  # noqa: E402
from foveal.training.networks.catalogue import find_spec  # noqa: E402
from foveal.training.networks.create import create  # noqa: E402


@pytest.mark.parametrize("name", ["lite0", "lite2"])
def test_the_packaged_network_equals_the_built_in_one(name):
    import onnxruntime

    card, spec = find(name), find_spec(name)
    width, height = spec.preprocess.size_wh
    photos = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    built_in = load_network(card, classifier=True)
    names = list(built_in.outputs)
    session = onnxruntime.InferenceSession(built_in.content, providers=["CPUExecutionProvider"])
    expected = dict(zip(names, session.run(names, {"images": photos}), strict=True))
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (spec.preprocess.mean, spec.preprocess.std))
    network = create(spec)
    with torch.no_grad():
        found = network.outputs((torch.from_numpy(photos).permute(0, 3, 1, 2) / 255 - mean) / std)
    assert network.output_columns == dict(built_in.outputs)
    for each in names:
        assert np.abs(found[each].numpy() - expected[each]).max() <= 1e-4


def test_a_changed_package_is_refused(tmp_path):
    source = weights_file(find("lite0"))
    assert source is not None
    copy = tmp_path / "weights.pth"
    copy.write_bytes(source.read_bytes()[:-1] + b"x")
    with pytest.raises(FovealError, match="weights-changed"):
        packaged.read(find_spec("lite0"), copy)
