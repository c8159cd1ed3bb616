"""Which pixels a position of a layer can see, carried from layer to layer.

Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019: with jump j and field
r of the input, a window of reach k, stride s and padding p gives r + (k − 1)·j, j·s and the start u − p·j.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from foveal.types.layers import Field, Window


def through(field: Field, window: Window) -> Field:
    """The field of a layer's output from that of its input."""
    axes = zip(field.size, field.jump, field.start, window.reach, window.stride, window.before, strict=True)
    if window.transposed:
        # The output position o meets the inputs from (o + p − k + 1) / s to (o + p) / s.
        moved = [(size + (reach - 1) // s * j, j / s, u + (p - reach + 1) / s * j) for size, j, u, reach, s, p in axes]
    else:
        moved = [(size + (reach - 1) * j, j * s, u - p * j) for size, j, u, reach, s, p in axes]
    return _field(moved, field.gated)


def whole(field: Field, size: tuple[int, ...]) -> Field:
    """The field of what sums up a whole map of some size."""
    axes = zip(field.size, field.jump, field.start, size, strict=True)
    return _field([(seen + (length - 1) * j, j, u) for seen, j, u, length in axes], field.gated)


def resized(field: Field, size: tuple[int, ...], new_size: tuple[int, ...], *, taps: int) -> Field:
    """The field after a map was resized, each new position mixed of `taps` old ones along an axis.

    The position o lies at (o + ½)·r − ½ of the old map, with r the ratio of old to new size. It is mixed of the old
    positions nearest to that, so what it sees may begin up to half an old position beside the start given here.
    """
    axes = zip(field.size, field.jump, field.start, size, new_size, strict=True)
    return _field(
        [
            (seen, j, u) if old == new else (seen + (taps - 1) * j, j * old / new, u + (old / new - taps) / 2 * j)
            for seen, j, u, old, new in axes
        ],
        field.gated,
    )


def padded(field: Field, before: tuple[int, ...]) -> Field:
    """The field after positions were added before the first of each axis."""
    axes = zip(field.size, field.jump, field.start, before, strict=True)
    return _field([(seen, j, u - p * j) for seen, j, u, p in axes], field.gated)


def together(fields: Sequence[Field], *, gated: bool = False) -> Field:
    """What is seen by several values added or put side by side: from the first pixel of any to the last of any.

    Args:
        fields: Of the values.
        gated: Whether a summary of a whole map is among the values besides.
    """
    axes = []
    for axis in range(len(fields[0].size)):
        start = min(field.start[axis] for field in fields)
        end = max(field.start[axis] + field.size[axis] for field in fields)
        axes.append((end - start, min(field.jump[axis] for field in fields), start))
    return _field(axes, gated or any(field.gated for field in fields))


def _field(axes: Sequence[tuple[float, float, float]], gated: bool) -> Field:
    sizes, jumps, starts = zip(*axes, strict=True)
    return Field(size=tuple(math.ceil(size) for size in sizes), jump=tuple(jumps), start=tuple(starts), gated=gated)
