"""How the learning rate goes over a phase: up in a warm-up, then down."""

from __future__ import annotations

import math
from collections.abc import Callable

from foveal.errors import unknown_name
from foveal.types.checked import bad_value

_SHAPES: dict[str, Callable[[float], float]] = {
    "cosine": lambda share: 0.5 * (1 + math.cos(math.pi * share)),
    "linear": lambda share: 1 - share,
    "constant": lambda share: 1.0,
}

SHAPES = tuple(_SHAPES)
"""What may follow the warm-up."""


def factor(progress: float, *, warmup: float, shape: str) -> float:
    """What the base rates are multiplied by.

    A straight line up to 1 over the warm-up (Goyal et al., arXiv:1706.02677), then half a cosine down to 0 (Loshchilov
    & Hutter, arXiv:1608.03983, without restarts), a straight line down to 0, or 1 to the end.

    Args:
        progress: Share of the phase that is done, 0 to 1; (k + 0.5) / n for step k of n, so that no step stands still.
        warmup: Share of the phase that the rate rises in, 0 to 1.
        shape: "cosine", "linear" or "constant".

    Returns:
        0 to 1.

    Raises:
        FovealError: `bad-value`: a share outside 0 to 1. `unknown-name`: the shape.
    """
    for name, share in (("progress", progress), ("warmup", warmup)):
        if not 0 <= share <= 1:
            raise bad_value("factor", f"{name} from 0 to 1", share)
    if shape not in _SHAPES:
        raise unknown_name("shape of a schedule", shape, _SHAPES)
    if progress < warmup:
        return progress / warmup
    return _SHAPES[shape]((progress - warmup) / (1 - warmup)) if warmup < 1 else 1.0
