"""Work on many photos with one thread a processor, which ends in order whatever happens."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

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
    turn = _Turn(work, count)
    workers = [
        threading.Thread(target=turn.run, name=f"foveal-{number}", daemon=True)
        for number in range(min(most or threads(), threads(), count))
    ]
    started: list[threading.Thread] = []
    try:
        for worker in workers:
            worker.start()
            started.append(worker)
        for worker in started:
            while worker.is_alive():
                worker.join(_POLL_SECONDS)
                progress(turn.finished, count)
    finally:
        # A process must not end inside a runtime: whatever happened here, the workers are waited for.
        turn.stop.set()
        for worker in started:
            worker.join()
    if turn.crashes:
        raise turn.crashes[0]
    progress(count, count)


class _Turn:
    """What the threads share: whose turn it is, and what came of it."""

    def __init__(self, work: Callable[[int, threading.Event], None], count: int) -> None:
        self.stop = threading.Event()
        self.crashes: list[BaseException] = []
        self.finished = 0
        self._work, self._numbers, self._done = work, iter(range(count)), itertools.count(1)

    def run(self) -> None:
        """Take numbers until there are none left, or the others have to stop."""
        try:
            for number in self._numbers:
                if self.stop.is_set():
                    break
                self._work(number, self.stop)
                self.finished = next(self._done)
        except BaseException as error:
            self.crashes.append(error)
            self.stop.set()
