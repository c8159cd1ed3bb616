"""Lays pairs of small pictures over one another, many pairs at once.

Pictures are compared after local normalisation, so that neither brightness nor contrast nor a caption or black corner
elsewhere in the picture matters; the affine map between two of them is found by inverse compositional alignment
(Baker and Matthews, "Lucas-Kanade 20 Years On", IJCV 2004), here with clipped residuals.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from foveal.imaging.opencv import opencv

Pictures = NDArray[np.float32]
Warps = NDArray[np.float32]

_CLIP = 1.5
_DAMPING = 1e-3


def shrink(grey: NDArray[np.uint8], side: int, *, blur: float) -> Pictures:
    """Smaller pictures.

    Args:
        grey: uint8 [m, n, n].
        side: Rows and columns to return.
        blur: Standard deviation, in pixels of the input, of the smoothing before it.

    Returns:
        float32 [m, side, side], in grey levels.
    """
    reduce = _smoother(grey.shape[1], side, blur)
    return _both_ways(grey.astype(np.float32), reduce)


def normalise(levels: Pictures, *, reach: float, noise: float) -> Pictures:
    """The pictures with every neighbourhood at mean 0 and, where there is texture, deviation 1.

    Args:
        levels: float32 [m, n, n], in grey levels.
        reach: Standard deviation, in pixels, of the neighbourhood.
        noise: Grey levels; fainter texture counts as noise of the camera or of JPEG.

    Returns:
        float32 [m, n, n].
    """
    spread = _smoother(levels.shape[1], levels.shape[1], reach)
    flat = levels - _both_ways(levels, spread)
    power = _both_ways(flat * flat, spread)
    texture: Pictures = flat / np.sqrt(power + np.float32(noise**2))
    return texture


def align(fixed: Pictures, moving: Pictures, warps: Warps, *, steps: int) -> Warps:
    """Improve the affine maps that take a point of each fixed picture to the same point of the moving one.

    Args:
        fixed: float32 [b, n, n], normalised.
        moving: float32 [b, n, n], normalised.
        warps: float32 [b, 2, 3]; coordinates run from -1 to 1, x before y.
        steps: Gauss-Newton steps to take.

    Returns:
        float32 [b, 2, 3].
    """
    side = fixed.shape[1]
    grid = _grid(side)
    slope_y, slope_x = np.gradient(fixed, 2 / side, axis=(1, 2))
    slopes = np.stack([slope_x, slope_y], 1).reshape(len(fixed), 2, 1, side * side)
    descent = (slopes * grid).reshape(len(fixed), 6, side * side)
    normal = descent @ descent.transpose(0, 2, 1)
    normal += np.eye(6, dtype=np.float32) * (_DAMPING * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-3)
    inverse = np.linalg.inv(normal)
    flat = fixed.reshape(len(fixed), side * side)
    for _ in range(steps):
        seen, inside = look(moving, warps)
        error = np.clip(seen - flat, -_CLIP, _CLIP) * inside
        change = (inverse @ (descent @ error[:, :, None])).reshape(len(fixed), 2, 3)
        warps = _compose(warps, _invert(change))
    return warps


def look(moving: Pictures, warps: Warps) -> tuple[Pictures, NDArray[np.bool_]]:
    """The moving pictures as seen through the maps.

    Args:
        moving: float32 [b, n, n].
        warps: float32 [b, 2, 3].

    Returns:
        float32 [b, n · n], bilinear, and bool [b, n · n]: whether the point lies in the moving picture.
    """
    side = moving.shape[1]
    count = len(moving)
    half = np.float32(side / 2)
    columns, rows = (_places(warps[:, axis], side) for axis in (0, 1))
    inside = (np.abs(columns - (half - 0.5)) <= half) & (np.abs(rows - (half - 0.5)) <= half)
    np.clip(columns, 0, side - 1, out=columns)
    np.clip(rows, 0, side - 1, out=rows)
    seen = np.empty((count, side * side), np.float32)
    # OpenCV's sampler takes one picture of less than 32,768 rows: pictures are stood on one another
    stack = 32_000 // side
    for start in range(0, count, stack):
        part = slice(start, min(start + stack, count))
        offset = np.arange(part.stop - start, dtype=np.float32)[:, None] * side
        tower = np.ascontiguousarray(moving[part]).reshape(-1, side)
        cv2 = opencv()
        seen[part] = cv2.remap(tower, columns[part], rows[part] + offset, cv2.INTER_LINEAR)
    return seen, inside


def _compose(outer: Warps, inner: Warps) -> Warps:
    linear = outer[:, :, :2] @ inner[:, :, :2]
    shift = outer[:, :, :2] @ inner[:, :, 2:] + outer[:, :, 2:]
    return np.concatenate([linear, shift], 2)


def _invert(change: Warps) -> Warps:
    """Inverse of the identity plus a change; a step so large that it turns the picture inside out is not taken."""
    linear = np.clip(change[:, :, :2], -0.3, 0.3) + np.eye(2, dtype=np.float32)
    inverse = np.linalg.inv(linear)
    return np.concatenate([inverse, -(inverse @ np.clip(change[:, :, 2:], -0.5, 0.5))], 2)


def _places(row: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """float32 [b, side · side]: one coordinate of every pixel under maps [b, 3], in pixels of the moving picture."""
    half = np.float32(side / 2)
    line = _line(side) * half
    across = row[:, :1] * line
    down = row[:, 1:2] * line + (row[:, 2:] + 1) * half - np.float32(0.5)
    places: NDArray[np.float32] = down[:, :, None] + across[:, None, :]
    return places.reshape(len(row), side * side)


def _line(side: int) -> NDArray[np.float32]:
    """float32 [side]: the centres of pixels, from -1 to 1."""
    centres: NDArray[np.float32] = np.linspace(1 / side - 1, 1 - 1 / side, side, dtype=np.float32)
    return centres


def _both_ways(pictures: Pictures, smoother: NDArray[np.float32]) -> Pictures:
    """float32 [m, k, k]: rows and columns of pictures [m, n, n] smoothed by [k, n], in two large products."""
    count, source, _ = pictures.shape
    target = len(smoother)
    half = (pictures.reshape(count * source, source) @ smoother.T).reshape(count, source, target)
    turned = np.ascontiguousarray(half.transpose(0, 2, 1)).reshape(count * target, source)
    return (turned @ smoother.T).reshape(count, target, target).transpose(0, 2, 1)


@functools.cache
def _grid(side: int) -> NDArray[np.float32]:
    """float32 [3, side · side]: x, y and 1 of every pixel's centre."""
    x, y = np.meshgrid(_line(side), _line(side))
    return np.stack([x.ravel(), y.ravel(), np.ones(side * side, np.float32)])


@functools.cache
def _smoother(source: int, target: int, deviation: float) -> NDArray[np.float32]:
    """float32 [target, source]: takes `source` pixels to `target`, Gaussian-weighted; rows sum to 1."""
    centres = (np.arange(target) + 0.5) * source / target - 0.5
    weights = np.exp(-0.5 * ((centres[:, None] - np.arange(source)) / deviation) ** 2)
    kept: NDArray[np.float32] = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return kept
