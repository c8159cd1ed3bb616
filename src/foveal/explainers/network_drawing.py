"""A network as a picture: a block for each stage, what a position of it sees of the photo, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foveal.explainers.picture import figure, save
from foveal.types.layer_text import short
from foveal.types.layers import Field, LayerTable
from foveal.types.text import printable, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _SOFT = "#1d2733", "#5b6775"
_FACE, _SIDE, _TOP = "#9cc3e6", "#6b9fcd", "#c9e0f3"
_VECTOR, _MACS, _WEIGHTS = "#f2b880", "#3f7fb5", "#e08e45"
# Heights of the rows, from the middle line of the blocks downwards, in units of one column.
_NAMES_Y, _SIZES_Y, _PHOTO_Y, _SEEN_Y, _MACS_Y, _WEIGHTS_Y = 1.05, -0.82, -1.8, -2.34, -2.78, -3.28
_LEFT, _LOW, _HIGH = -1.25, -3.6, 1.95
_PHOTO = 0.7
_BLOCK = 1.36
# Inches of one column, and how many there is room for in the narrowest drawing.
_UNIT = 1.15
_FEWEST_COLUMNS = 5


@dataclass(frozen=True)
class _Column:
    """One block: a map, or a vector where it has no size."""

    name: str
    channels: int
    size_hw: tuple[int, ...] | None
    field: Field | None
    convolutions: int
    macs: int
    parameters: int


def draw_network(network: LayerTable, path: Path, *, title: str = "") -> Path:
    """Draw a network, stage by stage.

    Each block is as high as the root of its map's height and as wide as the logarithm of its channels. Below it stands
    the photo with the part that one position of the map can see, and the stage's share of multiply-adds and weights.

    Args:
        network: The network.
        path: File to write; .png, .svg or .pdf.
        title: Line above the drawing; the network's name by default.

    Returns:
        The path written.

    Raises:
        FovealError: `bad-option`, `cannot-write`.
    """
    columns = _columns(network)
    right = max(len(columns), _FEWEST_COLUMNS) - 0.4
    with figure((right - _LEFT) * _UNIT, (_HIGH - _LOW) * _UNIT) as drawn:
        axes = drawn.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(_LEFT, right)
        axes.set_ylim(_LOW, _HIGH)
        totals = f"{short(network.parameters)} weights, {short(network.macs)} multiply-adds a photo"
        axes.text(-1.1, 1.72, printable(title or network.name), fontsize=13, weight="bold", color=_INK)
        axes.text(-1.1, 1.46, totals, color=_SOFT)
        for label, y in (
            ("one position\nsees", _PHOTO_Y),
            ("multiply-adds", _MACS_Y),
            ("weights", _WEIGHTS_Y),
        ):
            axes.text(-1.1, y, label, va="center", color=_SOFT)
        for at, column in enumerate(columns):
            _block(axes, at, column, network.size_hw)
            _sight(axes, at, column.field, network.size_hw)
            _share(axes, at, _MACS_Y, column.macs, network.macs, _MACS)
            _share(axes, at, _WEIGHTS_Y, column.parameters, network.parameters, _WEIGHTS)
        return save(drawn, path)


def _columns(network: LayerTable) -> list[_Column]:
    found = [_Column("photo", 3, network.size_hw, None, 0, 0, 0)]
    for stage in network.stages():
        last = stage.last_map
        costs = (stage.convolutions, stage.macs, stage.parameters)
        if last is not None and stage.convolutions:
            found.append(_Column(stage.name, last.channels or 1, last.size_hw, last.field, *costs))
        elif stage.macs:
            end = stage.layers[-1]
            found.append(_Column(stage.name, end.channels or 1, None, None, *costs))
    return found


def _block(axes: Axes, at: int, column: _Column, input_hw: tuple[int, int]) -> None:
    """A cuboid: the map's height from below to above, its channels from front to back."""
    from matplotlib.patches import Polygon

    width = 0.1 + 0.075 * math.log2(max(column.channels, 1))
    if column.size_hw is None:
        height, lean, width = _BLOCK * 0.75, 0.0, width / 3
        faces = [(((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)), _VECTOR)]
    else:
        # The root keeps the last maps visible: their area shrinks a thousandfold.
        height = _BLOCK * math.sqrt(max(column.size_hw) / max(input_hw))
        lean = 0.16 * height
        faces = [
            (((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)), _FACE),
            (((width, 0.0), (width + lean, lean), (width + lean, height + lean), (width, height)), _SIDE),
            (((0.0, height), (width, height), (width + lean, height + lean), (lean, height + lean)), _TOP),
        ]
    left, bottom = at - (width + lean) / 2, -(height + lean) / 2 + 0.12
    for corners, colour in faces:
        moved = [(left + x, bottom + y) for x, y in corners]
        axes.add_patch(Polygon(moved, facecolor=colour, edgecolor=_INK, linewidth=0.6))
    axes.text(at, _NAMES_Y, shortened(printable(column.name), 12), ha="center", weight="bold", color=_INK)
    size = "vector" if column.size_hw is None else "×".join(map(str, reversed(column.size_hw)))
    many = "1 conv" if column.convolutions == 1 else f"{column.convolutions} convs" if column.convolutions else ""
    words = f"{size}\n{column.channels} channels\n{many}" if column.size_hw else f"{size} of\n{column.channels}\n{many}"
    axes.text(at, _SIZES_Y, words.rstrip(), ha="center", va="top", color=_INK, fontsize=8.5)


def _sight(axes: Axes, at: int, field: Field | None, input_hw: tuple[int, int]) -> None:
    """The photo as a square, and in its middle what one position sees."""
    from matplotlib.patches import Rectangle

    if field is None:
        return
    height, width = (_PHOTO * side / max(input_hw) for side in input_hw)
    seen_h, seen_w = (min(1.0, seen / side) for seen, side in zip(field.size, input_hw, strict=True))
    middle = (at, _PHOTO_Y)
    for (w, h), colour in (((width, height), "#eef1f4"), ((width * seen_w, height * seen_h), _SIDE)):
        corner = (middle[0] - w / 2, middle[1] - h / 2)
        axes.add_patch(Rectangle(corner, w, h, facecolor=colour, edgecolor=_SOFT, linewidth=0.6))
    axes.text(at, _SEEN_Y, f"{max(field.size)} px{'+' if field.gated else ''}", ha="center", color=_INK, fontsize=8.5)


def _share(axes: Axes, at: int, y: float, part: int, total: int, colour: str) -> None:
    """A share as a lying bar with its figure."""
    from matplotlib.patches import Rectangle

    if not total or not part:
        return
    room = 0.8
    axes.add_patch(Rectangle((at - room / 2, y - 0.06), room, 0.12, facecolor="#eef1f4"))
    axes.add_patch(Rectangle((at - room / 2, y - 0.06), room * part / total, 0.12, facecolor=colour))
    figures = f"{part / total:.1%}" if part >= 0.001 * total else "< 0.1%"
    axes.text(at, y + 0.1, figures, ha="center", color=_INK, fontsize=8.5)
