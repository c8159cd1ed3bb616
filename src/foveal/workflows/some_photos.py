"""Some of the photos learnt from, looked at once more: for what a fit makes of their pixels itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.photo import as_photo
from foveal.errors import FovealError
from foveal.features.extract import decode_side
from foveal.features.view import View, side_by_side
from foveal.runtimes.engine import EnginePool


def spread(rows: NDArray[np.intp], most: int) -> list[int]:
    """At most so many of the rows, spread evenly over all."""
    chosen: list[int] = rows[:: max(1, -(-len(rows) // most))].tolist()
    return chosen


def decoded(dataset: Dataset, row: int, views: Sequence[View]) -> NDArray[np.uint8] | None:
    """A photo as sharp as for its features, uint8 [h, w, 3]; None where it can no longer be read: others are enough."""
    photo = as_photo(dataset.photo(row))
    try:
        return photo.decode(photo.read(), min_side=max(map(decode_side, views)))
    except FovealError:
        return None


def features_of(image_rgb: NDArray[np.uint8], views: Sequence[View], engines: EnginePool) -> NDArray[np.float16]:
    """Features float16 [D] of an image uint8 [h, w, 3], as the head gets them; nothing is cached."""
    return side_by_side(views, [view.row(image_rgb, b"", engines) for view in views])
