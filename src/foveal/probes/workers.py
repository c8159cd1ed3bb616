"""Sums over photos, divided among the processors by foveal itself rather than by BLAS.

BLAS's threads wait for each other by spinning, many thousand times in a fit. Where another program wants a processor
too, each wait then takes as long as the system lets that program run: cross-validation of 3,068 photos took 20 s beside
two busy processes, and 4 s like this. It also makes the sums the same whatever the number of processors.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from foveal.heads.linear import Array
from foveal.runtimes.engine import threads

# Fewer rows are not worth a hand-over between threads.
_LEAST_ROWS = 384
_MOST_PIECES = 16
_BYTES_AT_ONCE = 256 * 2**20


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS does its work in the thread that calls it, in the whole process, until this ends."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


def summed(work: Callable[[int, int], tuple[float, Array]], rows: int, result_bytes: int) -> tuple[float, Array]:
    """The sum of what `work` says of each stretch of rows, worked out by several threads and added up in order.

    Args:
        work: Given the first row and the one after the last, returns a number and an array that may be changed.
        rows: Number of rows.
        result_bytes: Bytes of that array, which decide how many there may be at once.
    """
    affordable = max(1, _BYTES_AT_ONCE // max(result_bytes, 1))
    pieces = max(1, min(_MOST_PIECES, affordable, rows // _LEAST_ROWS))
    step = math.ceil(rows / pieces)
    starts = range(0, rows, step)
    if len(starts) == 1:
        return work(0, rows)
    done = _pool().map(lambda start: work(start, min(start + step, rows)), starts)
    number, array = next(done)
    for more, another in done:
        number += more
        array += another
    return number, array


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="foveal-sums")


@functools.cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
