from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.training.photos.ahead import Work, ahead


def _feeders() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("foveal-feed")]


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    yield
    assert _feeders() == []


def _counting(sizes: list[int]) -> Work[list[int]]:
    def fill(number: int, made: list[int], place: int) -> None:
        made[place] = 100 * number + place

    return Work(sizes, lambda number: [-1] * sizes[number], fill)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), max_size=12),
    threads=st.integers(1, 5),
    batches=st.integers(1, 4),
)
def test_batches_come_filled_and_in_order(sizes: list[int], threads: int, batches: int) -> None:
    got = list(ahead(_counting(sizes), threads=threads, batches=batches))
    assert got == [[100 * number + place for place in range(size)] for number, size in enumerate(sizes)]


def test_no_more_is_made_than_was_allowed() -> None:
    made: list[int] = []

    def make(number: int) -> list[int]:
        made.append(number)
        return [0]

    batches = ahead(Work([1] * 50, make, lambda *_: None), threads=3, batches=2)
    for taken in range(1, 6):
        next(batches)
        time.sleep(0.02)
        assert len(made) <= taken + 2
    batches.close()
    assert len(made) <= 7


def test_closing_early_ends_the_threads() -> None:
    batches = ahead(_counting([3] * 1000), threads=4, batches=3)
    assert next(batches) == [0, 1, 2]
    assert len(_feeders()) == 4
    batches.close()
    assert _feeders() == []


def test_forgetting_the_iterator_ends_the_threads() -> None:
    batches = ahead(_counting([3] * 1000), threads=2, batches=3)
    next(batches)
    del batches
    assert _feeders() == []


def test_an_interrupt_in_the_consumer_ends_the_threads() -> None:
    def consume() -> None:
        for _ in ahead(_counting([3] * 1000), threads=2, batches=3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert _feeders() == []


def test_a_failure_comes_in_its_place_and_is_the_foremost() -> None:
    def fill(number: int, made: list[int], place: int) -> None:
        if number >= 2 and place in (1, 3):
            time.sleep(0.01 if place == 1 else 0)  # the later place fails first
            raise ValueError(f"{number}/{place}")
        made[place] = number

    batches = ahead(Work([4] * 5, lambda _: [-1] * 4, fill), threads=4, batches=3)
    assert next(batches) == [0] * 4
    assert next(batches) == [1] * 4
    with pytest.raises(ValueError, match="2/1"):
        next(batches)


def test_a_failure_to_make_a_batch_is_told() -> None:
    def make(number: int) -> list[int]:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        next(ahead(Work([2, 2], make, lambda *_: None), threads=2, batches=2))


def test_what_was_filled_before_a_failure_to_make_is_still_handed_out() -> None:
    def make(number: int) -> list[int]:
        if number == 1:
            raise MemoryError("no room")
        return [7]

    batches = ahead(Work([1, 1], make, lambda *_: None), threads=1, batches=2)
    time.sleep(0.05)
    assert next(batches) == [7]
    with pytest.raises(MemoryError):
        next(batches)


def test_no_work_needs_no_threads() -> None:
    assert list(ahead(_counting([]), threads=4, batches=2)) == []
