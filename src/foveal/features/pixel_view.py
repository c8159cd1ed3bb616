"""What is measured on the pixels of a photo while it is decoded for the network anyway, kept beside its features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.facts import FACTS, read_facts
from foveal.imaging.measures import MEASURES, measure
from foveal.imaging.resize import halved
from foveal.imaging.sketch import SKETCH_BYTES, sketch
from foveal.runtimes.engine import EnginePool

PIXELS = np.dtype([("facts", FACTS), ("measures", MEASURES), ("sketch", np.uint8, (SKETCH_BYTES,))])
"""A row: what the file says of itself, what its pixels look like, and a small picture to find copies by."""

# Part of the cache's key: rows measured by other rules must not be mixed. Raise it when a measure changes.
_VERSION = 1


@dataclass(frozen=True)
class PixelView:
    """The pixel measurements of a photo."""

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in the cache."""
        return PIXELS.itemsize

    def description(self) -> Mapping[str, object]:
        """The key of its space in the cache."""
        return {"pixels": _VERSION, "bytes": PIXELS.itemsize}

    def warm_up(self, engines: EnginePool) -> None:
        """Nothing to load."""

    def row(self, image_rgb: NDArray[np.uint8], data: bytes, engines: EnginePool) -> NDArray[np.uint8]:
        """One row, uint8 [row_bytes], to be read as `PIXELS`.

        Args:
            image_rgb: The decoded photo, uint8 [H, W, 3].
            data: Its bytes.
            engines: Not used.
        """
        out = np.zeros(1, PIXELS)
        out["facts"] = read_facts(data, image_rgb)
        small = halved(image_rgb)
        out["measures"] = measure(image_rgb, small=small)
        out["sketch"] = sketch(image_rgb, small=small)
        return out.view(np.uint8)
