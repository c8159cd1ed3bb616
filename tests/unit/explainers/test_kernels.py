from __future__ import annotations

import numpy as np
import pytest
from networks_of_photos import network_of_photos
from onnx import TensorProto, helper, numpy_helper

from foveal.backbones.catalogue import find
from foveal.backbones.network import load_network
from foveal.backbones.onnx_graph import OnnxGraph, run_values
from foveal.backbones.quantise import quantise
from foveal.errors import FovealError
from foveal.explainers.kernels import draw_kernels, first_kernels, kernel_colours


def _by_impulses(content: bytes, place: tuple[int, int], kernel: int) -> np.ndarray:
    """float [n, k, k, 3]: how the first convolution's answer at a place changes with each pixel it sees."""
    graph = OnnxGraph(content)
    conv = next(node for node in graph.nodes if node.op_type == "Conv")
    side = graph.shape(graph.input)[1]

    def answer(photo: np.ndarray) -> np.ndarray:
        return run_values(content, [conv.output[0]], photo[None])[0][0, :, place[0], place[1]]

    dark = np.zeros((side, side, 3), np.uint8)
    rest = answer(dark)
    found = np.zeros((len(rest), kernel, kernel, 3))
    for y in range(kernel):
        for x in range(kernel):
            for colour in range(3):
                lit = dark.copy()
                lit[2 * place[0] + y, 2 * place[1] + x, colour] = 255
                found[:, y, x, colour] = (answer(lit) - rest) / 255
    return found


@pytest.mark.parametrize("content", [network_of_photos(), load_network(find("lite0")).content], ids=["own", "lite0"])
def test_kernels_are_what_the_network_does_to_pixels(content: bytes) -> None:
    # Both networks have a 3×3 kernel, stride 2 and padding after the last pixel only.
    kernels = first_kernels(content)
    np.testing.assert_allclose(kernels, _by_impulses(content, (3, 5), 3), atol=2e-4 * np.abs(kernels).max())


def test_each_channels_own_deviation_is_undone() -> None:
    content = network_of_photos(std=(60.0, 50.0, 10.0))
    weights = OnnxGraph(content).constant("first")
    assert weights is not None
    expected = weights.transpose(0, 2, 3, 1) / np.array([60.0, 50.0, 10.0])
    np.testing.assert_allclose(first_kernels(content), expected, rtol=1e-5)


def test_quantised_weights_stand_for_their_numbers() -> None:
    content = network_of_photos()
    photos = [np.random.default_rng(n).integers(0, 256, (40, 40, 3), dtype=np.uint8) for n in range(4)]
    kernels = first_kernels(content)
    error = np.abs(first_kernels(quantise(content, photos)) - kernels).max()
    assert error <= np.abs(kernels).max() / 120


def test_no_weight_is_grey_and_the_largest_is_full() -> None:
    kernels = np.zeros((2, 1, 2, 3), np.float32)
    kernels[0, 0, 0] = (4, -2, 0)
    colours = kernel_colours(kernels)
    np.testing.assert_array_equal(colours[0, 0], [[1.0, 0.25, 0.5], [0.5, 0.5, 0.5]])
    np.testing.assert_array_equal(colours[1], 0.5)


def test_the_picture_holds_every_kernel(tmp_path) -> None:
    path = draw_kernels(first_kernels(network_of_photos()), tmp_path / "k.svg", title="First kernels")
    text = path.read_text()
    assert text.count("<image") == 4
    assert (
        path.read_bytes()
        == draw_kernels(first_kernels(network_of_photos()), tmp_path / "again.svg", title="First kernels").read_bytes()
    )


def test_a_network_without_a_first_convolution_over_colours_is_refused() -> None:
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "grey"], ["one"]),
            helper.make_node("Conv", ["one", "w"], ["out"]),
        ],
        "grey",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.ones((3, 1, 1, 1), np.float32), n) for n in ("grey",)]
        + [numpy_helper.from_array(np.ones((2, 3, 1, 1), np.float32), "w")],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    with pytest.raises(FovealError, match="three colours") as caught:
        first_kernels(content, name="grey")
    assert caught.value.code == "no-kernels"


def test_what_bends_before_the_first_convolution_is_refused() -> None:
    with pytest.raises(FovealError, match="Sigmoid") as caught:
        first_kernels(network_of_photos(before="Sigmoid"))
    assert caught.value.code == "no-kernels"
