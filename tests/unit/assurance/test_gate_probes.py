from __future__ import annotations

import numpy as np
import pytest

from foveal.assurance.gate_probes import shuffle_tiles, synthetic_probes, synthetic_unknowns

PHOTOS = [np.random.default_rng(seed).integers(0, 256, (40, 48, 3), dtype=np.uint8) for seed in range(3)]


def test_as_many_of_each_kind_as_asked_for():
    probes = synthetic_probes(PHOTOS, each=9)
    assert [probe.kind for probe in probes] == ["noise"] * 9 + ["blank"] * 9 + ["shuffled"] * 9
    assert all(probe.image_rgb.dtype == np.uint8 and probe.image_rgb.shape == (40, 48, 3) for probe in probes)


def test_blank_fields_are_of_one_colour_each_and_differ():
    blank = [probe.image_rgb for probe in synthetic_probes(PHOTOS, each=8) if probe.kind == "blank"]
    assert all((image == image[0, 0]).all() for image in blank)
    assert len({tuple(image[0, 0].tolist()) for image in blank}) == 8


def test_shuffling_keeps_the_pixels_of_every_tile_together():
    photo = np.arange(64, dtype=np.uint8).repeat(36).reshape(8, 8, 6, 6).transpose(0, 2, 1, 3).reshape(48, 48)
    photo = np.stack([photo] * 3, axis=2)
    mixed = shuffle_tiles(photo, np.random.default_rng(0))
    tiles = mixed.reshape(8, 6, 8, 6, 3).transpose(0, 2, 1, 3, 4).reshape(64, -1)
    assert (tiles == tiles[:, :1]).all()
    assert sorted(tiles[:, 0].tolist()) == list(range(64))
    assert (mixed != photo).any()


@pytest.mark.parametrize("tiles", [2, 3])
def test_an_edge_that_does_not_divide_is_cut_off(tiles):
    photo = PHOTOS[0][:31, :47]
    mixed = shuffle_tiles(photo, np.random.default_rng(0), tiles=tiles)
    assert mixed.shape == (31 // tiles * tiles, 47 // tiles * tiles, 3)


def test_the_same_seed_gives_the_same_images():
    first, again, other = (synthetic_unknowns(PHOTOS, seed) for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
