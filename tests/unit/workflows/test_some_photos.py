from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foveal.workflows import some_photos
from foveal.workflows.some_photos import decoded, spread


@pytest.mark.parametrize(("count", "most"), [(5, 10), (10, 10), (11, 10), (3068, 60)])
def test_rows_are_spread_over_all(count: int, most: int) -> None:
    chosen = spread(np.arange(count), most)
    assert len(chosen) <= most
    assert chosen[0] == 0
    assert chosen[-1] >= count - count // len(chosen) - 1


def test_a_photo_is_as_sharp_as_for_its_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (3200, 3200)).save(tmp_path / "a.jpg")
    dataset: Any = SimpleNamespace(photo=lambda row: tmp_path / ("a.jpg", "gone.jpg")[row])
    sides = {"small": 240, "large": 960}
    monkeypatch.setattr(some_photos, "decode_side", lambda view: sides[view])
    views: Any = ["small", "large"]
    sharp, coarse = decoded(dataset, 0, views), decoded(dataset, 0, views[:1])
    assert sharp is not None
    assert coarse is not None
    assert sharp.shape == (3200, 3200, 3)
    assert coarse.shape[0] < 3200
    assert decoded(dataset, 1, views) is None
