from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from tiny_networks import Node, network, random

from foveal.backbones.layers import read_layers
from foveal.backbones.onnx_graph import run_values
from foveal.types.layers import Field

SIDE = 33

CONVS: list[Node] = [
    ("Conv", ["images", "a"], "one", {"strides": [2, 2], "pads": [0, 1, 1, 0]}),
    ("Conv", ["one", "b"], "two", {"dilations": [2, 2], "pads": [1, 1, 1, 1]}),
]
BRANCHES: list[Node] = [
    *CONVS,
    ("Conv", ["two", "wide"], "left", {"pads": [2, 2, 2, 2]}),
    ("Conv", ["two", "point"], "right", {}),
    ("Add", ["left", "right"], "sum", {}),
    ("Concat", ["sum", "two"], "both", {"axis": 1}),
]
WEIGHTS = {
    "a": random(4, 3, 3, 3),
    "b": random(4, 4, 3, 3, seed=1),
    "wide": random(4, 4, 5, 5, seed=2),
    "point": random(4, 4, 1, 1, seed=3),
    "up": random(4, 4, 4, 4, seed=4),
    "sizes": np.array([1, 1, 2, 2], np.float32),
}
# (nodes, output)
NETWORKS = {
    "convolutions": (CONVS, "two"),
    "branches": (BRANCHES, "both"),
    "average pooling": ([*CONVS, ("AveragePool", ["two"], "out", {"kernel_shape": [3, 2], "strides": [2, 2]})], "out"),
    "transposed": ([*CONVS, ("ConvTranspose", ["two", "up"], "out", {"strides": [2, 2], "pads": [1, 1, 1, 1]})], "out"),
    "resized": ([*CONVS, ("Resize", ["two", "", "sizes"], "out", {"mode": "nearest"})], "out"),
    "interpolated": ([*CONVS, ("Resize", ["two", "", "sizes"], "out", {"mode": "linear"})], "out"),
    "padded": ([*CONVS, ("Pad", ["two", "pads"], "out", {})], "out"),
}

# Enlarged maps: what neighbours see begins at one pixel or jumps, so it is given to within one jump of the old map.
ENLARGED = ("interpolated", "resized", "transposed")
OLD_JUMP = 2


def _reached(content: bytes, output: str, position: tuple[int, int]) -> np.ndarray:
    """bool [H, W]: the pixels that change a position of an output."""
    photo = np.random.default_rng(0).integers(0, 200, (3, SIDE, SIDE), dtype=np.uint8)
    photos = np.repeat(photo[None], SIDE * SIDE + 1, axis=0)
    for number, (y, x) in enumerate(itertools.product(range(SIDE), repeat=2)):
        photos[number, :, y, x] += 50
    values = run_values(content, [output], photos)[0][:, :, position[0], position[1]]
    seen: np.ndarray = (np.abs(values[:-1] - values[-1]) > 1e-3).any(axis=1)
    return seen.reshape(SIDE, SIDE)


def _claimed(field: Field, position: Sequence[int], slack: int = 0) -> np.ndarray:
    masks = []
    for size, jump, start, at in zip(field.size, field.jump, field.start, position, strict=True):
        pixels = np.arange(SIDE)
        masks.append((pixels >= start + at * jump - slack) & (pixels < start + at * jump + size + slack))
    return masks[0][:, None] & masks[1][None, :]


@pytest.mark.parametrize("name", NETWORKS)
def test_no_pixel_outside_the_field_matters_and_those_at_its_edge_do(name: str) -> None:
    nodes, output = NETWORKS[name]
    content = network(
        nodes,
        {**WEIGHTS, "pads": np.array([0, 0, 1, 2, 0, 0, 1, 0], np.int64)},
        input_shape=("N", 3, SIDE, SIDE),
        outputs=(output,),
    )
    layer = read_layers(content, name=name).layers[-1]
    assert layer.output == output
    assert layer.field is not None
    assert layer.size_hw is not None
    middle = (layer.size_hw[0] // 2, layer.size_hw[1] // 2)
    for position in (middle, (0, 0)):
        claimed = _claimed(layer.field, position, OLD_JUMP if name in ENLARGED else 0)
        assert not (_reached(content, output, position) & ~claimed).any()
    if name not in ENLARGED:
        ys, xs = np.nonzero(_claimed(layer.field, middle))
        assert len(np.unique(ys)) == layer.field.size[0]
        seen = _reached(content, output, middle)[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
        for edge in (seen[0], seen[-1], seen[:, 0], seen[:, -1]):
            assert edge.any()


def _chain(rows: Sequence[tuple[int, int]]) -> bytes:
    """Convolutions of (kernel, stride), padded as usual."""
    nodes: list[Node] = []
    for number, (kernel, stride) in enumerate(rows):
        pads = [(kernel - 1) // 2] * 2 + [kernel // 2] * 2
        inputs = ["images" if number == 0 else f"v{number - 1}", f"w{number}"]
        nodes.append(("Conv", inputs, f"v{number}", {"strides": [stride, stride], "pads": pads}))
    weights = {f"w{number}": random(3, 3, kernel, kernel) for number, (kernel, _) in enumerate(rows)}
    return network(nodes, weights, input_shape=("N", 3, 64, 64), outputs=(f"v{len(rows) - 1}",))


VGG_16 = [row for convolutions in (2, 2, 3, 3, 3) for row in [*[(3, 1)] * convolutions, (2, 2)]]
MOBILENET_V1 = [(3, 2), *((3, stride) for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1))]


@pytest.mark.parametrize(("rows", "field"), [(VGG_16, 212), (MOBILENET_V1, 315)])
def test_published_fields(rows: list[tuple[int, int]], field: int) -> None:
    # Araujo et al. (2019), the table of networks.
    last = read_layers(_chain(rows), name="chain").layers[-1].field
    assert last is not None
    assert last.size == (field, field)
    assert last.jump == (32.0, 32.0)


def test_a_gate_is_left_out_and_said() -> None:
    nodes: list[Node] = [
        *CONVS,
        ("GlobalAveragePool", ["two"], "squeezed", {}),
        ("Sigmoid", ["squeezed"], "gate", {}),
        ("Mul", ["gate", "two"], "gated", {}),
        ("Relu", ["gated"], "out", {}),
    ]
    content = network(nodes, WEIGHTS, input_shape=("N", 3, SIDE, SIDE))
    fields = {layer.name: layer.field for layer in read_layers(content, name="gated").layers}
    two, squeezed, out = fields["two"], fields["squeezed"], fields["out"]
    assert two is not None
    assert squeezed is not None
    assert out is not None
    assert _claimed(squeezed, (0, 0)).all()
    assert (out.size, out.jump, out.start) == (two.size, two.jump, two.start)
    assert out.gated
    assert not two.gated
    assert not squeezed.gated


def test_where_places_are_mixed_the_field_is_not_known() -> None:
    nodes: list[Node] = [
        *CONVS,
        ("Reshape", ["two", "tokens"], "sequence", {}),
        ("Softmax", ["sequence"], "out", {}),
    ]
    content = network(nodes, {**WEIGHTS, "tokens": np.array([1, 4, -1], np.int64)}, input_shape=("N", 3, SIDE, SIDE))
    assert [layer.field is None for layer in read_layers(content, name="tokens").layers] == [False, False, True, True]


def test_shuffled_channels_keep_their_place() -> None:
    side = 16
    nodes: list[Node] = [
        ("Conv", ["images", "a"], "one", {"strides": [2, 2], "pads": [0, 0, 1, 1]}),
        ("Reshape", ["one", "groups"], "grouped", {}),
        ("Transpose", ["grouped"], "turned", {"perm": [0, 2, 1, 3, 4]}),
        ("Reshape", ["turned", "back"], "out", {}),
    ]
    weights = {
        "a": WEIGHTS["a"],
        "groups": np.array([1, 2, 2, side // 2, side // 2], np.int64),
        "back": np.array([1, 4, side // 2, side // 2], np.int64),
    }
    layers = read_layers(network(nodes, weights, input_shape=("N", 3, side, side)), name="shuffle").layers
    assert layers[-1].field == layers[0].field
    assert layers[-1].size_hw == layers[0].size_hw


def test_what_comes_after_unknown_places_still_has_a_size() -> None:
    nodes: list[Node] = [
        ("Slice", ["images", "from", "to", "axes", "steps"], "every_other", {}),
        ("Conv", ["every_other", "a"], "map", {"pads": [1, 1, 1, 1]}),
        ("Relu", ["map"], "out", {}),
    ]
    numbers = {"from": [0, 0], "to": [99, 99], "axes": [2, 3], "steps": [2, 2]}
    weights = {"a": WEIGHTS["a"], **{name: np.array(values, np.int64) for name, values in numbers.items()}}
    layers = read_layers(network(nodes, weights, input_shape=("N", 3, 16, 16)), name="focus").layers
    assert [layer.field for layer in layers] == [None] * 3
    assert [layer.size_hw for layer in layers] == [None, (8, 8), (8, 8)]
