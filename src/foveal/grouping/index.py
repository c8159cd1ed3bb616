"""Neighbours among very many vectors, by an index library that is loaded only then."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.runtimes.engine import threads

_BLOCK = 65_536
_CELLS_SEARCHED = 16
_TRAINING_ROUNDS = 8
_TRAINING_PER_CELL = 40


def nearest_by_index(
    vectors: NDArray[np.float16], most: int, least: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """The nearest of every vector, a block at a time: faiss, inverted lists over about 3.5 √m cells, float16 codes.

    Args:
        vectors: float16 [m, d], unit rows.
        most: Neighbours of each.
        least: Smaller products are left out.

    Yields:
        Row, neighbour (int64 [p]) and product (float32 [p]).

    Raises:
        FovealError: `needs-extra` when faiss is not installed.
    """
    faiss = _library(len(vectors))
    count, columns = vectors.shape
    cells = 2 ** round(math.log2(3.5 * math.sqrt(count)))
    faiss.omp_set_num_threads(threads())
    index = faiss.index_factory(columns, f"IVF{cells},SQfp16", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = _TRAINING_ROUNDS
    chosen = np.random.default_rng(0).choice(count, min(count, cells * _TRAINING_PER_CELL), replace=False)
    index.train(vectors[np.sort(chosen)].astype(np.float32))
    for start in range(0, count, _BLOCK):
        index.add(vectors[start : start + _BLOCK].astype(np.float32))
    index.nprobe = _CELLS_SEARCHED
    for start in range(0, count, _BLOCK):
        products, found = index.search(vectors[start : start + _BLOCK].astype(np.float32), most + 1)
        row = np.repeat(np.arange(start, start + len(found)), most + 1)
        column, value = found.ravel(), products.ravel()
        kept = (column >= 0) & (column != row) & (value >= least)
        yield row[kept], column[kept].astype(np.int64), value[kept]


def _library(count: int) -> Any:
    try:
        import faiss
    except ImportError as error:
        raise FovealError(
            "needs-extra",
            f"near-duplicates among {count:,} photos: expected faiss to be installed, which finds neighbours among so "
            "many",
            hint="pip install faiss-cpu",
        ) from error
    return faiss
