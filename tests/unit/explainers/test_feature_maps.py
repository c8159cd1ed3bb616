from __future__ import annotations

import numpy as np
import pytest
from networks_of_photos import SIDE, network_of_photos
from onnx import TensorProto, helper

from foveal.backbones.layers import read_layers
from foveal.backbones.onnx_graph import run_values
from foveal.errors import FovealError
from foveal.explainers.feature_maps import draw_stage_maps, stage_maps

CONTENT = network_of_photos()
TABLE = read_layers(CONTENT, name="own")
PHOTO = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def test_the_maps_are_the_networks_own_at_the_end_of_each_stage() -> None:
    first, second = stage_maps(CONTENT, TABLE, PHOTO, shown=3)
    assert (first.stage, second.stage) == ("20×20", "10×10")
    assert (first.of, second.of) == (4, 6)
    for stage, value in ((first, "lit"), (second, "second")):
        (maps,) = run_values(CONTENT, [value], PHOTO[None])
        np.testing.assert_array_equal(stage.maps, maps[0][stage.channels])


def test_the_strongest_channels_come_first() -> None:
    (_, second) = stage_maps(CONTENT, TABLE, PHOTO, shown=4)
    (maps,) = run_values(CONTENT, ["second"], PHOTO[None])
    spread = maps[0].std(axis=(1, 2))
    assert len(second.channels) == 4
    assert set(second.channels) == set(np.argsort(spread)[-4:])
    assert (np.diff(spread[second.channels]) <= 0).all()


def test_the_sheet_has_the_photo_and_every_map(tmp_path) -> None:
    stages = stage_maps(CONTENT, TABLE, PHOTO, shown=4)
    text = draw_stage_maps(PHOTO, stages, tmp_path / "maps.svg", title="own <network>").read_text()
    assert text.count("<image") == 1 + 4 + 4


def test_a_network_without_maps_is_refused() -> None:
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["images"], ["out"])],
        "flat",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    with pytest.raises(FovealError) as caught:
        stage_maps(content, read_layers(content, name="flat"), np.zeros((3, 8, 8), np.uint8))
    assert caught.value.code == "no-kernels"
