"""Threads that end in order whatever happens: a process that ends inside a runtime is aborted by the system."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from foveal.runtimes.engine import threads

_POLL_SECONDS = 0.1


def in_threads(works: Sequence[Callable[[], None]], stop: threading.Event, tick: Callable[[], None]) -> None:
    """Call functions, each in a thread of its own; come back when all have ended, after Ctrl-C too.

    Args:
        works: What to call.
        stop: Set when the functions should end early: at Ctrl-C, and when one of them or `tick` raises.
        tick: Called by the calling thread ten times a second.

    Raises:
        BaseException: What a function or `tick` raised, or KeyboardInterrupt; after all threads have ended.
    """
    word: SimpleQueue[None] = SimpleQueue()
    workers = [_Worker(work, stop, word, f"foveal-{number}") for number, work in enumerate(works)]
    try:
        for worker in workers:
            worker.start()
        while any(worker.at_work for worker in workers):
            _listen(word)
            tick()
    except BaseException:
        stop.set()
        _wait_for(workers, word)
        raise
    _wait_for(workers, word)
    crashes = [worker.crash for worker in workers if worker.crash]
    if crashes:
        raise crashes[0]


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
        BaseException: What `work` or `progress` raised, or KeyboardInterrupt; after all threads have ended.
    """
    turn = _Turn(work, count)
    workers = min(most or threads(), threads(), count)
    in_threads([turn.run] * workers, turn.stop, lambda: progress(turn.finished, count))
    progress(count, count)


class _Worker(threading.Thread):
    """A thread that says itself when its work has ended.

    CPython before 3.13 takes a running thread for an ended one once Ctrl-C came while `join` waited for it
    (bpo-45274), so nothing that may be interrupted waits in `join`.
    """

    def __init__(self, work: Callable[[], None], stop: threading.Event, word: SimpleQueue[None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.crash: BaseException | None = None
        self._work, self._stop_all, self._word = work, stop, word
        self._done = False

    @property
    def at_work(self) -> bool:
        # A thread whose start was interrupted has no number yet; should it come to life, it sees that it must stop.
        return self.ident is not None and not self._done

    def run(self) -> None:
        try:
            if not self._stop_all.is_set():
                self._work()
        except BaseException as error:
            self.crash = error
            self._stop_all.set()
        finally:
            self._done = True
            self._word.put(None)


def _listen(word: SimpleQueue[None]) -> None:
    """Wait for the word of a thread that ended, but not long: Ctrl-C may have swallowed it."""
    with contextlib.suppress(Empty):
        word.get(timeout=_POLL_SECONDS)


def _wait_for(workers: Sequence[_Worker], word: SimpleQueue[None]) -> None:
    """Wait for all, and let a second Ctrl-C wait too."""
    while True:
        try:
            while any(worker.at_work for worker in workers):
                _listen(word)
            for worker in workers:
                if worker.ident is not None:
                    worker.join()
            return
        except KeyboardInterrupt:
            continue


class _Turn:
    """What the threads share: whose turn it is."""

    def __init__(self, work: Callable[[int, threading.Event], None], count: int) -> None:
        self.stop = threading.Event()
        self.finished = 0
        self._work, self._numbers, self._done = work, iter(range(count)), itertools.count(1)

    def run(self) -> None:
        """Take numbers until there are none left, or all have to stop."""
        for number in self._numbers:
            if self.stop.is_set():
                break
            self._work(number, self.stop)
            self.finished = next(self._done)
