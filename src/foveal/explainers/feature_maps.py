"""What each stage of a network makes of one photo: its strongest channels as small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.onnx_graph import run_values
from foveal.errors import FovealError
from foveal.explainers.picture import figure, save
from foveal.types.layers import LayerTable
from foveal.types.text import printable, shortened

_SHOWN = 8
_NOTE = """\
Left: the photo as the network gets it. Below: the channels of each stage
that differ most from place to place, with their numbers.
Dark: the map's lowest value, bright: its highest."""


@dataclass(frozen=True, eq=False)
class StageMaps:
    """The strongest channels of a stage.

    Args:
        stage: Name of the stage.
        channels: int [m], which channels, strongest first.
        maps: float32 [m, h, w], what they hold.
        of: How many channels the stage has.
    """

    stage: str
    channels: NDArray[np.intp]
    maps: NDArray[np.float32]
    of: int


def stage_maps(
    network: bytes, layers: LayerTable, input_rgb: NDArray[np.uint8], *, shown: int = _SHOWN
) -> tuple[StageMaps, ...]:
    """Run one photo and keep the strongest channels at the end of every stage.

    A channel is strong where it differs most from place to place: it sees something here and not there. Its strength
    is the standard deviation over its map.

    Args:
        network: A serialised ONNX model that takes a photo in RGB.
        layers: Its layer table.
        input_rgb: uint8 [H, W, 3], preprocessed.
        shown: Channels to keep of each stage.

    Raises:
        FovealError: `no-kernels`: the network has no maps.
    """
    ends = [(stage.name, last) for stage in layers.stages() if stage.convolutions and (last := stage.last_map)]
    if not ends:
        raise FovealError(
            "no-kernels",
            f"{layers.name}: expected a network with convolutions and maps, got none",
            hint="`foveal describe` shows its layers",
        )
    values = run_values(network, [last.output for _, last in ends], input_rgb[None])
    found = []
    for (name, _), value in zip(ends, values, strict=True):
        maps = value[0].astype(np.float32)
        strength = maps.std(axis=(1, 2))
        order = np.argsort(-strength, kind="stable")[:shown]
        found.append(StageMaps(name, order, maps[order], len(maps)))
    return tuple(found)


def draw_stage_maps(input_rgb: NDArray[np.uint8], stages: Sequence[StageMaps], path: Path, *, title: str) -> Path:
    """Write one sheet: a row a stage, each map from its lowest value (dark) to its highest (bright).

    Args:
        input_rgb: uint8 [H, W, 3], what the network saw.
        stages: See `stage_maps`.
        path: File to write; .png, .svg or .pdf.
        title: Line above the sheet.

    Returns:
        The path written.

    Raises:
        FovealError: `bad-option`, `cannot-write`.
    """
    columns = 1 + max(len(stage.channels) for stage in stages)
    width, height = 1.06 * columns + 0.3, 1.3 * (len(stages) + 1) + 0.5
    margins = {
        "left": 0.15 / width,
        "right": 1 - 0.15 / width,
        "top": 1 - 0.45 / height,
        "bottom": 0.08 / height,
        "hspace": 0.28,
        "wspace": 0.06,
    }
    with figure(width, height) as drawn:
        drawn.text(0.15 / width, 1 - 0.22 / height, printable(title), va="center", fontsize=13, weight="bold")
        (first, *rows) = drawn.subplots(len(stages) + 1, columns, squeeze=False, gridspec_kw=margins)
        for axes in (*first, *(each for row in rows for each in row)):
            axes.set_axis_off()
        first[0].imshow(input_rgb)
        first[1].text(0.1, 0.5, _NOTE, transform=first[1].transAxes, va="center", color="#5b6775", linespacing=1.6)
        for row, stage in zip(rows, stages, strict=True):
            h, w = stage.maps.shape[1:]
            label = f"{shortened(printable(stage.stage), 14)}\n{w}×{h}\n{stage.of} channels"
            row[0].text(0.5, 0.5, label, transform=row[0].transAxes, ha="center", va="center", fontsize=8.5)
            for axes, channel, values in zip(row[1:], stage.channels, stage.maps, strict=False):
                axes.imshow(values, cmap="magma", interpolation="nearest")
                axes.set_title(str(channel), fontsize=8.5, pad=3)
        return save(drawn, path)
