"""Work on many photos with one thread a processor, which ends in order whatever happens."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

from foveal.runtimes.engine import threads

_POLL_SECONDS = 0.1


def on_every_processor(
    work: Callable[[int, threading.Event], None],
    count: int,
    progress: Callable[[int, int], None],
    *,
    most: int | None = None,
) -> None:
    """Call a function for each number below `count`; the calling thread reports and watches for Ctrl-C.

    Args:
        work: Told the number, and given the event that is set when it should stop early.
        count: How many numbers.
        progress: Told how many are done, and `count`.
        most: Threads at most; None is as many as there are processors.

    Raises:
        BaseException: The first that `work` raised, or KeyboardInterrupt; after all threads have ended.
    """
    stop = threading.Event()
    crashes: list[BaseException] = []
    turn, done = iter(range(count)), itertools.count(1)
    finished = 0

    def run(turn: Iterator[int]) -> None:
        nonlocal finished
        try:
            for number in turn:
                if stop.is_set():
                    break
                work(number, stop)
                finished = next(done)
        except BaseException as error:
            crashes.append(error)
            stop.set()

    workers = [
        threading.Thread(target=run, args=(turn,), name=f"foveal-{number}", daemon=True)
        for number in range(min(most or threads(), threads(), count))
    ]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive():
                worker.join(_POLL_SECONDS)
                progress(finished, count)
    finally:
        # A process must not end inside a runtime: whatever happened here, the workers are waited for.
        stop.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join()
    if crashes:
        raise crashes[0]
    progress(count, count)
