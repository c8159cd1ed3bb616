from __future__ import annotations

import pytest
from PIL import Image
from tests.unit.imaging.samples import encoded, exif_with, smooth_rgb

from foveal.imaging import pillow_facts
from foveal.imaging.pillow_facts import read_pillow_facts


@pytest.mark.parametrize("orientation", [1, 6])
def test_pillow_has_turned_the_size_of_a_tiff_and_of_nothing_else(orientation):
    upright = (30, 20) if orientation == 1 else (20, 30)
    for image_format in ("TIFF", "PNG"):
        data = encoded(smooth_rgb(20, 30), image_format, exif=exif_with(orientation))
        facts = read_pillow_facts(data, image_format)
        assert facts is not None
        assert (facts.size_wh, facts.orientation, facts.frames) == (upright, orientation, 1)


def test_a_header_that_pillow_cannot_read_says_nothing():
    assert read_pillow_facts(b"\x89PNG\r\n\x1a\n", "PNG") is None
    assert read_pillow_facts(encoded(Image.new("L", (3, 3)), "PNG"), "GIF") is None


def test_frames_that_cannot_be_counted_are_one(monkeypatch):
    data = encoded(Image.new("P", (3, 3)), "GIF")
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(lambda self: 1 / 0))
    facts = read_pillow_facts(data, "GIF")
    assert facts is not None
    assert facts.frames == 1


def test_very_many_frames_are_counted_to_the_limit(monkeypatch):
    data = encoded(Image.new("P", (3, 3)), "GIF")
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(lambda self: 10**9))
    facts = read_pillow_facts(data, "GIF")
    assert facts is not None
    assert facts.frames == pillow_facts._MOST_FRAMES
