"""The photos that most excite a channel: what a network, or a class of a model, looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.explainers.picture import figure, save
from foveal.heads.affine import AffineHead
from foveal.heads.linear import LinearHead
from foveal.types.text import printable, shortened


@dataclass(frozen=True, kw_only=True)
class Excited:
    """A channel and the photos that excite it most.

    Args:
        channel: As people name it: output and number, such as "tap_7:12".
        weight: What it counts for a class, with standardised features; None where no class is meant.
        rows: int [m], which photos, most excited first.
        values: float32 [m], the channel's mean over each of them.
        photos: Names of these photos.
        mean: Mean of these values over all photos.
        deviation: Their standard deviation over all photos.
    """

    channel: str
    weight: float | None
    rows: NDArray[np.intp]
    values: NDArray[np.float32]
    photos: tuple[str, ...]
    mean: float
    deviation: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {
            "channel": self.channel,
            "weight": self.weight,
            "mean": self.mean,
            "deviation": self.deviation,
            "photos": [
                {"path": path, "value": round(float(value), 6)}
                for path, value in zip(self.photos, self.values, strict=True)
            ],
        }


def most_excited(values: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Indices int [m] of the largest of some values [n], largest first; the earlier photo where two are equal."""
    order: NDArray[np.intp] = np.argsort(-values.astype(np.float64), kind="stable")[:count]
    return order


def class_channels(head: LinearHead | AffineHead, column: int, count: int) -> list[tuple[int, float]]:
    """The channels that speak most for a class: those with the largest weights beside the other classes' mean.

    A linear head's features are standardised, so weights can be compared; an affine head's are not, and what a channel
    usually says is then part of its weight. Adding one number to a channel's weights for all
    classes changes no probability, so the mean over classes is taken off.

    Args:
        head: Of the model.
        column: Which class.
        count: How many channels.

    Returns:
        (column of the features, weight), largest weight first.
    """
    weights = head.weights.astype(np.float64)
    if isinstance(head, LinearHead):
        weights = weights * (head.scale > 0)[:, None]
    own = weights[:, column] if head.kind == "sigmoid" else weights[:, column] - weights.mean(axis=1)
    return [(int(at), float(own[at])) for at in most_excited(own, count)]


def draw_excited(
    found: Sequence[Excited], pictures: Sequence[Sequence[NDArray[np.uint8]]], path: Path, *, title: str
) -> Path:
    """Write one sheet: a row a channel with the photos that excite it most.

    Args:
        found: The channels.
        pictures: Their photos, uint8 [h, w, 3] each, in the order of `found`.
        path: File to write; .png, .svg or .pdf.
        title: Line above the sheet.

    Returns:
        The path written.

    Raises:
        FovealError: `bad-option`, `cannot-write`.
    """
    columns = 1 + max(len(row) for row in pictures)
    width, height = 1.3 * columns + 0.3, 1.72 * len(found) + 0.8
    with figure(width, height) as drawn:
        drawn.text(0.15 / width, 1 - 0.22 / height, printable(title), va="center", fontsize=13, weight="bold")
        note = (
            "below each photo: by how many standard deviations it excites the channel more than the mean of all photos"
        )
        drawn.text(0.15 / width, 1 - 0.5 / height, note, va="center", color="#5b6775")
        grid = drawn.subplots(
            len(found),
            columns,
            squeeze=False,
            gridspec_kw={
                "left": 0.15 / width,
                "right": 1 - 0.15 / width,
                "top": 1 - 0.75 / height,
                "bottom": 0.42 / height,
                "hspace": 0.4,
                "wspace": 0.08,
            },
        )
        for axes in grid.flat:
            axes.set_axis_off()
        for row, excited, images in zip(grid, found, pictures, strict=True):
            weight = "" if excited.weight is None else f"\nweight {excited.weight:+.3f}"
            row[0].text(0.0, 0.5, f"{printable(excited.channel)}{weight}", transform=row[0].transAxes, va="center")
            for axes, image, value, name in zip(row[1:], images, excited.values, excited.photos, strict=False):
                axes.imshow(_squared(image))
                above = (float(value) - excited.mean) / excited.deviation if excited.deviation else 0.0
                axes.set_title(f"{_caption(name, f'{above:+.1f}')}", fontsize=7.5, y=-0.3)
        return save(drawn, path)


def _squared(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image in the middle of a white square, so that captions stand in line."""
    height, width = image_rgb.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image_rgb
    return square


def _caption(name: str, above: str) -> str:
    """How much, the folder, which is often the class, and the file."""
    *folders, file = printable(name).split("/")
    folder = shortened(folders[-1], 14) if folders else ""
    return f"{above}  {folder}\n{shortened(file, 18)}"
