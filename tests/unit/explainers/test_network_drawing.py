from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks_of_photos import network_of_photos
from PIL import Image

from foveal.backbones.layers import read_layers
from foveal.errors import FovealError
from foveal.explainers.network_drawing import draw_network

TABLE = read_layers(network_of_photos(), name="own")


def test_the_same_network_gives_the_same_file(tmp_path: Path) -> None:
    one = draw_network(TABLE, tmp_path / "one.svg", title="own").read_bytes()
    other = draw_network(TABLE, tmp_path / "other.svg", title="own").read_bytes()
    assert one == other
    # Two stages and the photo, three faces each.
    assert one.count(b"#6b9fcd") >= 3


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_other_formats(tmp_path: Path, kind: str) -> None:
    path = draw_network(TABLE, tmp_path / f"net.{kind}")
    if kind == "png":
        with Image.open(path) as image:
            assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 5
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FovealError, match=r"\.png, \.svg, \.pdf") as caught:
        draw_network(TABLE, tmp_path / "net.docx")
    assert caught.value.code == "bad-option"
    assert not list(tmp_path.iterdir())


def test_drawing_leaves_no_figure_behind(tmp_path: Path) -> None:
    from matplotlib._pylab_helpers import Gcf

    before = list(Gcf.figs)
    draw_network(TABLE, tmp_path / "net.svg")
    assert list(Gcf.figs) == before
