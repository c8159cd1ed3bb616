from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from foveal.runtimes.workers import in_threads, on_every_processor


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


# In a process of its own, which nothing else has loaded anything into.
INTERRUPTED = """
import signal, sys, threading, time
from foveal.runtimes.workers import on_every_processor

times = int(sys.argv[1])
stopped, together = [], threading.Barrier(3, timeout=20)

def interrupt():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

def work(number, stop):
    if together.wait() == 0:
        interrupt()
    stop.wait(20)
    for _ in range(times - 1):
        time.sleep(0.1)
        if number == 0:
            interrupt()
    # The first thread is the one waited for when the signal comes, so it is the last to end.
    time.sleep(0.6 if threading.current_thread().name == "foveal-0" else 0.1)
    stopped.append(number)

try:
    on_every_processor(work, 100, lambda *_: None)
except KeyboardInterrupt:
    print("interrupted", *sorted(stopped), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of POSIX")
@pytest.mark.parametrize("times", [1, 2, 3])
def test_ctrl_c_while_waiting_waits_for_the_threads(times):
    """Before Python 3.13 `Thread.join` returns at once after a Ctrl-C that came while it waited (bpo-45274)."""
    command = [sys.executable, "-c", INTERRUPTED, str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "interrupted 0 1 2\n"


def test_functions_run_side_by_side_and_the_caller_hears():
    together, ticks, seen = threading.Barrier(3, timeout=20), [], []

    def work():
        together.wait()
        time.sleep(0.4)
        seen.append(True)

    in_threads([work] * 3, threading.Event(), lambda: ticks.append(len(seen)))
    assert len(seen) == 3
    assert ticks[0] == 0
    assert len(ticks) >= 3


def test_no_functions():
    in_threads([], threading.Event(), lambda: pytest.fail("nothing to wait for"))


def test_an_error_stops_the_others():
    stop = threading.Event()

    def fails():
        raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        in_threads([lambda: stop.wait(20), lambda: stop.wait(20), fails], stop, lambda: None)
    assert stop.is_set()


def test_no_function_begins_after_the_word_to_stop():
    stop, seen = threading.Event(), []
    stop.set()
    in_threads([lambda: seen.append(True)] * 3, stop, lambda: None)
    assert not seen
