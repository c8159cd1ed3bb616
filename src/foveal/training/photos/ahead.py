"""Work done ahead by threads, in order: the next few batches are filled while the present one is used."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Made = TypeVar("Made")

AHEAD = 3
"""Batches of photos that are filled or wait while one is used."""

_POLL_SECONDS = 0.1


@dataclass
class _Filling(Generic[Made]):
    """A batch that threads are filling."""

    made: Made
    left: int
    failures: dict[int, BaseException] = field(default_factory=dict)


@dataclass(frozen=True)
class Work(Generic[Made]):
    """What the threads do.

    Args:
        sizes: How many places each batch has.
        make: Makes an empty batch; told its number.
        fill: Fills a place of a batch; told the number of the batch, the batch and the place.
    """

    sizes: Sequence[int]
    make: Callable[[int], Made]
    fill: Callable[[int, Made, int], None]


def ahead(work: Work[Made], *, threads: int, batches: int) -> Iterator[Made]:
    """Filled batches, in order.

    Everything ends with the iterator: when it is closed, deleted or met by an exception, the threads stop after the
    place that each is filling, and have ended when it returns.

    Args:
        work: What the threads do.
        threads: How many there are, at least 1.
        batches: How many batches are filled or waiting besides the one that was handed out, at least 1.

    Raises:
        BaseException: What `fill` or `make` raised, in the place of the batch that it belongs to; of several, that of
            the foremost place.
    """
    crew = _Crew(work, batches, threads)
    # A process that ends while batches are wanted would otherwise stop the threads first, and then wait for them.
    atexit.register(crew.end)
    try:
        crew.start()
        for number in range(len(work.sizes)):
            yield crew.take(number)
    finally:
        crew.end()
        atexit.unregister(crew.end)


class _Crew(Generic[Made]):
    """What the threads share, behind one lock."""

    def __init__(self, work: Work[Made], batches: int, threads: int) -> None:
        self._work = work
        self._workers = [
            threading.Thread(target=self._run, name=f"foveal-feed-{number}", daemon=True)
            for number in range(min(threads, sum(work.sizes)))
        ]
        self._allowed = batches
        self._changed = threading.Condition()
        self._batch = self._place = 0
        self._filling: dict[int, _Filling[Made]] = {}
        self._stopped = False
        self._crash: BaseException | None = None

    def take(self, number: int) -> Made:
        """Wait for a batch, and let the threads go on with one more."""
        with self._changed:
            while number not in self._filling or self._filling[number].left:
                if self._crash and number not in self._filling:
                    raise self._crash
                # Where waiting cannot be interrupted, Ctrl-C is heard between two looks.
                self._changed.wait(_POLL_SECONDS)
            filled = self._filling.pop(number)
            self._allowed += 1
            self._changed.notify_all()
        if filled.failures:
            raise filled.failures[min(filled.failures)]
        return filled.made

    def start(self) -> None:
        """Set the threads to work."""
        for worker in self._workers:
            worker.start()

    def end(self) -> None:
        """Stop the threads, and wait for them."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for worker in self._workers:
            # The iterator may be cleared away by one of the threads, which cannot wait for itself.
            if worker.ident is not None and worker is not threading.current_thread():
                worker.join()

    def _run(self) -> None:
        """Fill places until there are none left, or nobody wants them."""
        while (turn := self._turn()) is not None:
            number, filling, place = turn
            try:
                self._work.fill(number, filling.made, place)
            except BaseException as error:
                filling.failures[place] = error
            with self._changed:
                filling.left -= 1
                if not filling.left:
                    self._changed.notify_all()

    def _turn(self) -> tuple[int, _Filling[Made], int] | None:
        with self._changed:
            while self._batch >= self._allowed and not self._stopped and not self._crash:
                self._changed.wait()
            if self._stopped or self._crash or self._batch == len(self._work.sizes):
                return None
            number, place = self._batch, self._place
            if place == 0:
                try:
                    self._filling[number] = _Filling(self._work.make(number), self._work.sizes[number])
                except BaseException as error:
                    self._crash = error
                    self._changed.notify_all()
                    return None
            self._place += 1
            if self._place == self._work.sizes[number]:
                self._batch, self._place = number + 1, 0
            return number, self._filling[number], place
