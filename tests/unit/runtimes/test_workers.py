from __future__ import annotations

import re
import threading

import pytest

from foveal.runtimes.workers import on_every_processor


@pytest.fixture(autouse=True)
def three_threads(monkeypatch):
    monkeypatch.setenv("FOVEAL_THREADS", "3")


@pytest.mark.parametrize("count", [0, 1, 2, 50])
@pytest.mark.parametrize("most", [None, 1])
def test_every_number_is_worked_on_once(count, most):
    seen, told = [], []
    on_every_processor(lambda number, _: seen.append(number), count, lambda *at: told.append(at), most=most)
    assert sorted(seen) == list(range(count))
    assert told[-1] == (count, count)


def test_as_many_threads_as_asked_for():
    names, together = set(), threading.Barrier(3, timeout=20)

    def work(_, __):
        together.wait()
        names.add(threading.current_thread().name)

    on_every_processor(work, 3, lambda *_: None)
    assert len(names) == 3
    names.clear()
    on_every_processor(lambda *_: names.add(threading.current_thread().name), 9, lambda *_: None, most=1)
    assert len(names) == 1


def test_an_error_ends_the_work_and_comes_out():
    seen = []

    def work(number, _):
        seen.append(number)
        if number == 4:
            raise ValueError("four")

    with pytest.raises(ValueError, match="four"):
        on_every_processor(work, 1000, lambda *_: None, most=1)
    assert seen == [0, 1, 2, 3, 4]


def test_an_interruption_waits_for_the_threads():
    stopped, begun = [], threading.Event()

    def work(number, stop):
        begun.set()
        stop.wait(20)
        stopped.append(number)

    def interrupt(*_):
        begun.wait(20)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_every_processor(work, 100, interrupt)
    assert 0 in stopped
    assert len(stopped) <= 3
    # Pools of other tests may still wait for work; those of this function are numbered.
    assert not [thread for thread in threading.enumerate() if re.fullmatch(r"foveal-\d+", thread.name)]
