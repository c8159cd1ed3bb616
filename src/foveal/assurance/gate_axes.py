"""The main axes of unit roots, from several choices of the photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.heads.linear import Array
from foveal.trust.gate_distance import unit_roots

# Axes from more photos than this are no better at telling the unknown apart, and take longer.
MOST_PHOTOS = 2000
_SPARE = 16
_ROUNDS = 2
_BLOCK_ROWS = 4096


@dataclass(frozen=True)
class Axes:
    """Where axes cross and which way they point: centre float32 [D], basis float32 [D, r] with orthonormal columns."""

    centre: Array
    basis: Array


def spread_out(labels: NDArray[np.int32], most: int) -> NDArray[np.intp]:
    """Ascending positions of at most `most` photos, each class by its share, the same every time."""
    if len(labels) <= most:
        return np.arange(len(labels))
    shuffled = np.random.default_rng(0).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return np.sort(by_class[np.linspace(0, len(labels) - 1, most).astype(np.intp)])


def main_axes(roots: Array, count: int) -> Axes:
    """The directions in which unit roots vary most, largest first.

    By randomised subspace iteration (Halko, Martinsson & Tropp, SIAM Review 2011). Neighbouring axes at the end may be
    mixed, which does not matter: what is measured on them is whitened, and what is off them is kept as the residual.

    Args:
        roots: float32 [m, D], left as they are.
        count: Number of axes wanted, at most min(m, D).
    """
    centre = roots.mean(axis=0, dtype=np.float64).astype(np.float32)
    moved = roots - centre
    width = min(count + _SPARE, *moved.shape)
    wide = np.random.default_rng(0).standard_normal((moved.shape[1], width), np.float32)
    for _ in range(_ROUNDS):
        wide = np.linalg.qr(moved.T @ (moved @ wide))[0]
    seen = moved @ wide
    turn = np.linalg.eigh(seen.T @ seen)[1][:, ::-1][:, :count]
    return Axes(centre, np.ascontiguousarray(wide @ turn))


def all_axes(
    features: NDArray[np.floating], labels: NDArray[np.int32], learns: NDArray[np.bool_], count: int
) -> list[Axes]:
    """A set of axes from each of several choices of the photos.

    Args:
        features: [n, D].
        labels: int32 [n].
        learns: bool [S, n], the photos that each is learnt from.
        count: Number of axes of each.
    """
    chosen = spread_out(labels, MOST_PHOTOS)
    roots = unit_roots(features[chosen])
    return [main_axes(roots[own], count) for own in learns[:, chosen]]


def seen_from(features: NDArray[np.floating], axes: list[Axes]) -> tuple[Array, Array]:
    """Every photo on every set of axes.

    Args:
        features: [n, D].
        axes: S sets of r axes.

    Returns:
        Coordinates float32 [S, n, r], and squared lengths of what is left of the centre float32 [S, n].
    """
    coordinates = np.empty((len(axes), len(features), axes[0].basis.shape[1]), np.float32)
    squares = np.empty(coordinates.shape[:2], np.float32)
    for start in range(0, len(features), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        roots = unit_roots(features[rows])
        for each, own in enumerate(axes):
            moved = roots - own.centre
            coordinates[each, rows] = moved @ own.basis
            squares[each, rows] = np.einsum("nd,nd->n", moved, moved)
    return coordinates, squares
