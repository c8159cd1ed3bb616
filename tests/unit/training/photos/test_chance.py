from __future__ import annotations

import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.training.photos.chance import order_chance, photo_chance, table_chance


def test_a_photo_has_its_own_numbers_whatever_was_asked_before() -> None:
    expected = photo_chance(3, 1, 5).random(6)
    photo_chance(3, 1, 4).integers(10, size=3)
    assert np.array_equal(photo_chance(3, 1, 5).random(6), expected)


def test_all_threads_see_the_same_numbers() -> None:
    found: list[list[float]] = []

    def draw() -> None:
        found.extend(photo_chance(9, 2, row).random(4).tolist() for row in range(50))

    draw()
    here, found = found, []
    thread = threading.Thread(target=draw)
    thread.start()
    thread.join()
    assert found == here


@given(
    st.lists(
        st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 10**4)),
        min_size=2,
        max_size=8,
        unique=True,
    )
)
def test_others_see_other_numbers(which: list[tuple[int, int, int, int]]) -> None:
    drawn = {tuple(photo_chance(*each).random(2).tolist()) for each in which}
    assert len(drawn) == len(which)


def test_numbers_are_even() -> None:
    drawn = np.array([photo_chance(0, 0, row).random(2) for row in range(4000)])
    assert np.abs(np.histogram(drawn[:, 0], 10, (0, 1))[0] - 400).max() < 100
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.06


def test_purposes_do_not_share_numbers() -> None:
    drawn = [order_chance(1, 0).random(), table_chance(1, 0, 0).random(), photo_chance(1, 0, 0).random()]
    assert len(set(drawn)) == 3
    assert table_chance(1, 0, 1).random() != drawn[1]


def test_a_photo_costs_less_than_20_microseconds() -> None:
    photo_chance(0, 0, 0)
    best = min(_seconds(2000) for _ in range(5))
    assert best / 2000 < 20e-6


def _seconds(count: int) -> float:
    started = time.thread_time()
    for row in range(count):
        photo_chance(1, 2, row)
    return time.thread_time() - started


def test_negative_and_large_seeds_are_seeds_too() -> None:
    assert photo_chance(-1, 0, 0).random() == photo_chance(2**64 - 1, 0, 0).random()
    assert order_chance(-1, 0).random() == order_chance(2**64 - 1, 0).random()
