from __future__ import annotations

from onnx import helper

from foveal.backbones.onnx_graph import makers_of, needed_values

NODES = [
    helper.make_node("Relu", ["photo"], ["seen"]),
    helper.make_node("Conv", ["seen", "filters"], ["maps"]),
    # The bounds of Clip are optional: an empty name stands for the one that is left out.
    helper.make_node("Clip", ["maps", "", "most"], ["kept"]),
    helper.make_node("Dropout", ["seen"], ["dropped", ""]),
]


def test_each_value_has_the_node_that_makes_it():
    makers = makers_of(NODES)
    assert {name: node.op_type for name, node in makers.items()} == {
        "seen": "Relu",
        "maps": "Conv",
        "kept": "Clip",
        "dropped": "Dropout",
    }


def test_what_outputs_are_computed_from():
    makers = makers_of(NODES)
    assert needed_values(makers, ["kept"]) == {"kept", "maps", "most", "seen", "filters", "photo"}
    assert needed_values(makers, ["dropped"]) == {"dropped", "seen", "photo"}
    assert needed_values(makers, ["filters"]) == {"filters"}
    assert needed_values(makers, []) == set()
