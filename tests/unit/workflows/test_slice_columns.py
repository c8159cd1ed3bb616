from __future__ import annotations

import pytest

from foveal.data.photo_slices import FOLDER, PHOTO_SLICES
from foveal.features.pixel_view import MeasureView, PixelView
from foveal.workflows.slices import views_for_slices


@pytest.mark.parametrize(
    ("names", "views"),
    [
        ((), []),
        ((FOLDER, "shop"), []),
        (("camera", "shop", "month"), [PixelView()]),
        (("sharpness",), [MeasureView()]),
        (("light", "size"), [PixelView(), MeasureView()]),
        (tuple(PHOTO_SLICES), [PixelView(), MeasureView()]),
    ],
)
def test_only_what_the_columns_look_at_is_extracted(names, views) -> None:
    assert views_for_slices(names) == views
