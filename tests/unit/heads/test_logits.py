from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np

from foveal.heads import HEADS
from foveal.heads.logits import LogitsHead


def test_logits_pass_through():
    features = np.array([[1.5, -2.0], [0.25, 3.0]], np.float16)
    head = LogitsHead(2)
    assert head.logits(features).dtype == np.float32
    np.testing.assert_array_equal(head.logits(features), features)
    assert LogitsHead.from_arrays(head.arrays()) == head


def test_every_head_in_the_table_names_itself():
    for kind, place in HEADS.items():
        module, name = place.split(":")
        assert getattr(importlib.import_module(module), name).kind == kind


def test_serving_loads_no_scikit_learn():
    code = """
import sys
import foveal.heads.linear, foveal.heads.logits
assert not {"sklearn", "scipy", "torch"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
