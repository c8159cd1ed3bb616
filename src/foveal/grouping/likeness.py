"""How alike the grey levels of two pictures are, once it is known how the one lies on the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from foveal.grouping.align import Pictures, look
from foveal.grouping.tries import Tries
from foveal.runtimes.engine import threads

_BLOCK = 64
_TILE = 8

# A tile counts where both pictures have texture in it and half of it lies in both.
_LEAST_TEXTURE = 0.15
_LEAST_INSIDE = 0.5
_FEWEST_INNER_TILES = 4

# Share of the outermost tiles, the worst ones, that captions and black corners may spoil.
_SPOILED = 0.3

# Pictures that lie straight on one another owe nothing to resampling, and differences count almost twice: pages and
# screens of one layout do. Distances run from -1 to 1 across a picture.
_STRAIGHT, _DISPLACED = 0.03, 0.08
_STRICTER = 1.8

# Grey levels may differ by one gain and offset between copies; what then differs by more is something else.
_GAINS = (0.7, 1.4)
_NEAR_LEVELS = 10.0
_LEAST_NEAR = 0.5
_FIT_LEVELS = 6.0
_FITS = 3


def texture(fine: Pictures, tries: Tries) -> NDArray[np.float32]:
    """Agreement of the fine texture.

    Outlines of two garments of one cut agree; their folds, prints and grounds do not. So `fine` holds pictures without
    anything larger than 2 of 64 pixels. A caption or a black corner spoils tiles on the border, another print those
    in the middle: the score is the mean of the correlation without the worst outermost tiles and that of all inner
    tiles.

    Args:
        fine: float32 [m, n, n], normalised; n a multiple of 8.
        tries: t pairs of them.

    Returns:
        float32 [t] in 0..1.
    """
    blocks = [tries.select(slice(start, start + _BLOCK)) for start in range(0, len(tries.pair), _BLOCK)]
    with ThreadPoolExecutor(threads()) as pool:
        scores = list(pool.map(lambda block: _texture(fine, block), blocks))
    return np.concatenate([np.empty(0, np.float32), *scores])


def _texture(fine: Pictures, tries: Tries) -> NDArray[np.float32]:
    seen, inside = look(fine[tries.second], tries.warps)
    seen *= inside
    fixed = fine[tries.first].reshape(seen.shape) * inside
    side = fine.shape[1]
    product, power, other = (_tiles(each, side) for each in (seen * fixed, seen * seen, fixed * fixed))
    area = _tiles(inside.astype(np.float32), side)
    counts = (np.minimum(power, other) > _LEAST_TEXTURE * area) & (area >= _LEAST_INSIDE * _TILE**2)
    outer = _outer(side // _TILE)
    tiles = np.where(counts & outer, product / (np.sqrt(power * other) + 1e-6), np.inf)
    place = tiles.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    spoiled = outer & (place < (_SPOILED * (counts & outer).sum(1))[:, None])
    whole = _correlation(product, power, other, ~spoiled)
    inner = _correlation(product, power, other, np.broadcast_to(~outer, spoiled.shape))
    offset = np.abs(tries.warps - tries.unmoved().warps).sum(2).max(1)
    strictness = np.interp(offset, [_STRAIGHT, _DISPLACED], [_STRICTER, 1.0])
    score = 1 - strictness * (1 - (whole + inner) / 2)
    enough = (counts & ~outer).sum(1) >= _FEWEST_INNER_TILES
    return np.clip(np.where(enough, score, 0), 0, 1).astype(np.float32)


def _correlation(
    product: NDArray[np.float32], power: NDArray[np.float32], other: NDArray[np.float32], of: NDArray[np.bool_]
) -> NDArray[np.float32]:
    scale = np.sqrt((power * of).sum(1) * (other * of).sum(1)) + 1e-6
    share: NDArray[np.float32] = (product * of).sum(1) / scale
    return share


def _outer(across: int) -> NDArray[np.bool_]:
    """bool [across²]: the tiles on the border."""
    outer = np.ones((across, across), np.bool_)
    outer[1:-1, 1:-1] = False
    return outer.ravel()


def _tiles(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """float32 [t, (side / 8)²]: sums over tiles of 8 × 8 pixels."""
    across = side // _TILE
    sums: NDArray[np.float32] = values.reshape(len(values), across, _TILE, across, _TILE).sum((2, 4))
    return sums.reshape(len(values), across * across)


def same_levels(levels: Pictures, tries: Tries) -> NDArray[np.bool_]:
    """bool [t]: whether one gain and offset, fitted to what agrees, explain half of the picture.

    Args:
        levels: float32 [m, n, n], grey levels.
        tries: t pairs of them.
    """
    seen, inside = look(levels[tries.second], tries.warps)
    flat = levels[tries.first].reshape(seen.shape)
    weights = inside.astype(np.float32)
    for _ in range(_FITS):
        total = weights.sum(1, keepdims=True) + 1e-6
        away = seen - np.einsum("tn,tn->t", weights, seen)[:, None] / total
        level = flat - np.einsum("tn,tn->t", weights, flat)[:, None] / total
        weighted = weights * level
        gain = np.einsum("tn,tn->t", weighted, away) / (np.einsum("tn,tn->t", weighted, level) + 1e-6)
        error = np.abs(away - gain[:, None] * level)
        weights = inside / (1 + (error / np.float32(_FIT_LEVELS)) ** 2)
    near = ((error < _NEAR_LEVELS) & inside).sum(1) / np.maximum(inside.sum(1), 1)
    same: NDArray[np.bool_] = (gain > _GAINS[0]) & (gain < _GAINS[1]) & (near >= _LEAST_NEAR)
    return same
