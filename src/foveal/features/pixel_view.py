"""What is measured on the pixels of a photo while it is decoded for the network anyway, kept beside its features.

In two views, because learning from photos needs only the first of them, and the second takes twice its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.facts import FACTS, read_facts
from foveal.imaging.measures import MEASURES, measure
from foveal.imaging.sketch import SKETCH_BYTES, sketch
from foveal.runtimes.engine import EnginePool

PIXELS = np.dtype([("facts", FACTS), ("measures", MEASURES), ("sketch", np.uint8, (SKETCH_BYTES,))])
"""All there is of a photo: what the file says of itself, what its pixels look like, and a small picture to find copies
by."""

# Part of the cache's key: rows measured by other rules must not be mixed. Raise it when one of them changes.
_VERSION = 2


class _WithoutNetwork:
    """What views that keep fields of `PIXELS` have in common."""

    fields: ClassVar[tuple[str, ...]]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in the cache."""
        return fields_of(self.fields).itemsize

    def description(self) -> Mapping[str, object]:
        """The key of its space in the cache."""
        return {"pixels": _VERSION, "outputs": list(self.fields), "bytes": self.row_bytes}

    def warm_up(self, engines: EnginePool) -> None:
        """Nothing to load."""


@dataclass(frozen=True)
class PixelView(_WithoutNetwork):
    """What tells which photos belong together: what the file says of itself, and the sketch."""

    fields: ClassVar[tuple[str, ...]] = ("facts", "sketch")

    def row(self, image_rgb: NDArray[np.uint8], data: bytes, engines: EnginePool) -> NDArray[np.uint8]:
        """One row, uint8 [row_bytes], to be read as `fields_of(fields)`.

        Args:
            image_rgb: The decoded photo, uint8 [H, W, 3].
            data: Its bytes.
            engines: Not used.
        """
        out = np.empty(1, fields_of(self.fields))
        out["facts"] = read_facts(data, image_rgb)
        out["sketch"] = sketch(image_rgb)
        return out.view(np.uint8)


@dataclass(frozen=True)
class MeasureView(_WithoutNetwork):
    """What the pixels look like in a few numbers: only checks and slices ask for it."""

    fields: ClassVar[tuple[str, ...]] = ("measures",)

    def row(self, image_rgb: NDArray[np.uint8], data: bytes, engines: EnginePool) -> NDArray[np.uint8]:
        """One row, uint8 [row_bytes], to be read as `fields_of(fields)`.

        Args:
            image_rgb: The decoded photo, uint8 [H, W, 3].
            data: Its bytes, of which nothing is asked.
            engines: Not used.
        """
        return measure(image_rgb).view(np.uint8)


@cache
def fields_of(names: tuple[str, ...]) -> np.dtype[np.void]:
    """Rows with some of the fields of `PIXELS`, in its order and without gaps."""
    return np.dtype([(name, PIXELS[name]) for name in PIXELS.names or () if name in names])
