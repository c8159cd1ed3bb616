"""Which photos look alike to the network: the nearest of every photo, exactly up to some tens of thousands."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.grouping.index import nearest_by_index
from foveal.runtimes.engine import threads

EXACT_UP_TO = 30_000
"""Vectors that are compared each with each; beyond, an index finds the neighbours."""

_COLUMNS = 128
_SAMPLE = 4096
_ROUNDS = 2
_RANK_SHARE = 1e-9
_BLOCK = 1024
_READ_BLOCK = 16_384

# The mean is taken off less with few photos, where it is mostly those photos themselves.
_MEAN_WEIGHT = 50
_DENSE = 64


def compress(embeddings: NDArray[np.floating[Any]], *, seed: int = 0) -> NDArray[np.float16]:
    """Short unit vectors whose products say how alike photos are.

    Signed square roots, less their mean, on the strongest 128 principal axes of up to 4,096 photos (found by subspace
    iteration). Of 2,700 changed copies of clothing photos, all but one had their original among the nearest 8.

    Args:
        embeddings: float [m, D]; may be a memory map, and is read in blocks.
        seed: Of the sample and of the first guess at the axes.

    Returns:
        float16 [m, at most 128], rows of length 1 (0 where there is nothing but the mean).
    """
    count, width = embeddings.shape
    if not count:
        return np.empty((0, min(_COLUMNS, width)), np.float16)
    rng = np.random.default_rng(seed)
    rows = np.arange(count) if count <= _SAMPLE else np.sort(rng.choice(count, _SAMPLE, replace=False))
    sample = _roots(embeddings[rows])
    mean = sample.mean(0) * (count / (count + _MEAN_WEIGHT))
    sample -= mean
    axes = rng.standard_normal((width, min(_COLUMNS, width)), dtype=np.float32)
    for _ in range(_ROUNDS):
        axes = _orthogonal(sample.T @ (sample @ axes))
    short = np.empty((count, axes.shape[1]), np.float16)
    for start in range(0, count, _READ_BLOCK):
        block = (_roots(embeddings[start : start + _READ_BLOCK]) - mean) @ axes
        block /= np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-6)
        short[start : start + _READ_BLOCK] = block
    return short


def neighbours(
    vectors: NDArray[np.float16], *, most: int, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Pairs in which one photo is among the nearest of the other.

    Args:
        vectors: float16 [m, d], unit rows.
        most: Neighbours to take of every photo.
        least: Pairs with a smaller product are left out.

    Returns:
        first, second: int64 [p], first < second, each pair once, in order; float32 [p], their products.

    Raises:
        FovealError: `needs-extra` when an index is needed and its library is missing.
    """
    search = _nearest_of_all if len(vectors) <= EXACT_UP_TO else nearest_by_index
    parts = [(rows, near, product) for rows, near, product in search(vectors, most, least) if len(rows)]
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    rows, near, product = (np.concatenate(column) for column in zip(*parts, strict=True))
    first, second = np.minimum(rows, near), np.maximum(rows, near)
    _, once = np.unique(first * len(vectors) + second, return_index=True)
    return first[once], second[once], product[once]


def _nearest_of_all(
    vectors: NDArray[np.float16], most: int, least: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    whole = vectors.astype(np.float32)

    def block(start: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        products = whole[start : start + _BLOCK] @ whole.T
        local = np.arange(len(products))
        products[local, start + local] = -np.inf
        return _best_of_rows(products, start, most, least)

    with ThreadPoolExecutor(threads()) as pool:
        yield from pool.map(block, range(0, len(whole), _BLOCK))


def _best_of_rows(
    products: NDArray[np.float32], start: int, most: int, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The largest products of each row, above the least: by a threshold where few pass it, else by partition."""
    if products.shape[1] > most and np.count_nonzero(products >= least) > _DENSE * len(products):
        column = np.argpartition(products, -most, axis=1)[:, -most:].ravel()
        row = np.repeat(np.arange(len(products)), most)
        value = products[row, column]
        enough = value >= least
        return (row[enough] + start).astype(np.int64), column[enough].astype(np.int64), value[enough]
    row, column = np.nonzero(products >= least)
    value = products[row, column]
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = place < most
    return (row[kept] + start).astype(np.int64), column[kept].astype(np.int64), value[kept]


def _orthogonal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """An orthonormal basis of the columns, float32 [D, r]; directions that are hardly there are left out.

    From the products of the columns: a QR decomposition took thirty times as long beside other busy programs.
    """
    values, turn = np.linalg.eigh((columns.T @ columns).astype(np.float64))
    kept = values > _RANK_SHARE * max(values[-1], 1e-30)
    basis: NDArray[np.float32] = columns @ (turn[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return basis


def _roots(block: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    whole = np.asarray(block, np.float32)
    rooted: NDArray[np.float32] = np.copysign(np.sqrt(np.abs(whole)), whole)
    return rooted
