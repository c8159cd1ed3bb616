from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from foveal.backbones.network import Network
from foveal.features.view import View
from foveal.imaging.preprocess import Preprocess
from foveal.runtimes.engine import Choice

HALF = (0.5, 0.5, 0.5)


@pytest.fixture
def view():
    network = Network.of(b"network", {"tap_1": 3, "tap_2": 5, "embedding": 4})
    preprocess = Preprocess(size_wh=(8, 6), mode="stretch", mean=HALF, std=HALF)
    return View("own.test", network, preprocess, ("embedding", "tap_2"), Choice("onnx", "f32"))


def test_layout_and_columns(view):
    assert view.layout == (("embedding", 4), ("tap_2", 5))
    assert view.columns == 9
    assert view.only("tap_1").columns == 3


def test_where_the_columns_of_an_output_are(view):
    np.testing.assert_array_equal(view.where(("embedding",)), range(4))
    np.testing.assert_array_equal(view.where(("tap_2",)), range(4, 9))
    np.testing.assert_array_equal(view.where(("tap_2", "embedding")), [4, 5, 6, 7, 8, 0, 1, 2, 3])


def test_which_views_hold_which(view):
    assert view.holds(view)
    assert view.holds(view.only("embedding"))
    assert view.holds(view.only("tap_2", "embedding"))
    assert not view.only("embedding").holds(view)
    assert not view.holds(view.only("tap_1"))
    assert not view.holds(view.mirror())
    assert not view.holds(replace(view, choice=Choice("onnx", "int8")))
    assert not view.holds(replace(view, preprocess=replace(view.preprocess, mode="pad")))
    assert not view.holds(replace(view, network=Network.of(b"other", view.network.outputs)))


def test_whatever_changes_the_numbers_changes_the_description(view):
    other = [
        view.mirror(),
        view.only("embedding"),
        view.only("tap_2", "embedding"),
        replace(view, choice=Choice("openvino", "f32")),
        replace(view, choice=Choice("onnx", "int8")),
        replace(view, preprocess=replace(view.preprocess, mode="pad")),
        replace(view, preprocess=replace(view.preprocess, size_wh=(6, 8))),
        replace(view, network=Network.of(b"other", view.network.outputs)),
    ]
    descriptions = [repr(each.description()) for each in [view, *other]]
    assert len(set(descriptions)) == len(descriptions)
    again = replace(view, network=Network.of(b"network", view.network.outputs))
    assert again.description() == view.description()
    assert (again, hash(again)) == (view, hash(view))


def test_the_mirror_image(view):
    image = np.random.default_rng(0).integers(0, 256, (11, 17, 3), dtype=np.uint8)
    plain, mirrored = view.prepare(image), view.mirror().prepare(image)
    assert plain.shape == mirrored.shape == (6, 8, 3)
    np.testing.assert_array_equal(mirrored, plain[:, ::-1])
    assert mirrored.flags.c_contiguous


class Engines:
    """Stands in for the pool: its engine answers with the largest numbers and the smallest differences."""

    def get(self, *_: object) -> Engines:
        return self

    def run(self, image):
        assert image.shape == (6, 8, 3)
        return [np.array([1e9, -1e9, 0.5], np.float32), np.array([1 / 3], np.float32)]


def test_rows_are_half_precision_without_infinities(view):
    row = view.row(np.zeros((6, 8, 3), np.uint8), b"", Engines())
    assert row.dtype == np.float16
    np.testing.assert_array_equal(row, np.array([65504, -65504, 0.5, 1 / 3], np.float16))
