"""What is known of any photo and can tell photos apart: camera, month, size, shape, format, light, folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

NOTHING_SAID = ""
_DARK, _BRIGHT = 0.3, 0.7
# Under this a photo looks blurred; see `foveal.imaging.measures.MEASURES`.
_BLURRED = 0.15
_SIDES = (256, 512, 1024, 2048)


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace")


def _cameras(pixels: NDArray[np.void]) -> list[str]:
    return [_text(value) for value in pixels["facts"]["camera"].tolist()]


def _months(pixels: NDArray[np.void]) -> list[str]:
    taken = pixels["facts"]["taken"].tolist()
    return [datetime.fromtimestamp(value, UTC).strftime("%Y-%m") if value else NOTHING_SAID for value in taken]


def _sizes(pixels: NDArray[np.void]) -> list[str]:
    short = np.minimum(pixels["facts"]["width"], pixels["facts"]["height"])
    names = [f"short side under {_SIDES[0]}"]
    names += [f"short side {low} to {high - 1}" for low, high in pairwise(_SIDES)]
    names.append(f"short side from {_SIDES[-1]}")
    return [names[at] for at in np.searchsorted(_SIDES, short, side="right").tolist()]


def _shapes(pixels: NDArray[np.void]) -> list[str]:
    aspect = pixels["facts"]["width"].astype(float) / np.maximum(pixels["facts"]["height"], 1)
    return np.select([aspect < 1 / 1.1, aspect > 1.1], ["upright", "wide"], "square").tolist()  # type: ignore[no-any-return]


def _formats(pixels: NDArray[np.void]) -> list[str]:
    return [_text(value) for value in pixels["facts"]["format"].tolist()]


def _light(pixels: NDArray[np.void]) -> list[str]:
    brightness = pixels["measures"]["brightness"]
    return np.select([brightness < _DARK, brightness > _BRIGHT], ["dark", "bright"], "medium").tolist()  # type: ignore[no-any-return]


def _sharpness(pixels: NDArray[np.void]) -> list[str]:
    return np.where(pixels["measures"]["sharpness"] < _BLURRED, "blurred", "sharp").tolist()  # type: ignore[no-any-return]


PHOTO_SLICES: Mapping[str, Callable[[NDArray[np.void]], list[str]]] = {
    "camera": _cameras,
    "month": _months,
    "size": _sizes,
    "shape": _shapes,
    "format": _formats,
    "light": _light,
    "sharpness": _sharpness,
}
"""Columns that any photo has: from the fields `facts` or `measures` of
`foveal.features.pixel_view.PIXELS` [n] to n values."""

MEASURED = ("light", "sharpness")
"""Those of them that look at the measures of the pixels; the others look at the facts of the file."""

FOLDER = "folder"

KNOWN = (*PHOTO_SLICES, FOLDER)
"""Names of all columns that need no table."""


def folders(paths: Sequence[str]) -> list[str]:
    """The folder that each photo lies in."""
    return [str(PurePosixPath(path).parent) for path in paths]
