"""Several processes on one store, and processes that end in the middle of a write."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from foveal.features.segments import segment_numbers
from foveal.features.store import RowStore

ROW = 600
# Row i holds the CRC-free proof of what it is: its number over and over.
_CHILD = """
import sys
from pathlib import Path
import numpy as np
from foveal.features.store import RowStore
store = RowStore(Path(sys.argv[1]), row_bytes=600)
number, step = int(sys.argv[2]), int(sys.argv[3])
while True:
    keys = np.zeros((step, 2), "<u8")
    keys[:, 0] = np.arange(number, number + step, dtype="<u8") * np.uint64(0x9E3779B97F4A7C15)
    keys[:, 1] = np.arange(number, number + step)
    rows = np.repeat(np.arange(number, number + step, dtype="<u8")[:, None], 75, axis=1)
    if step == 1:
        store.append(keys.tobytes(), rows)
    else:
        store.extend(keys.view(np.uint8), rows)
    number += step
    print(number, flush=True)
"""


def keys_of(numbers: np.ndarray) -> np.ndarray:
    keys = np.zeros((len(numbers), 2), "<u8")
    keys[:, 0] = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    keys[:, 1] = numbers
    return keys.view(np.uint8)


def rows_of(numbers: np.ndarray) -> np.ndarray:
    return np.repeat(numbers.astype("<u8")[:, None], ROW // 8, axis=1)


def append_range(folder: Path, start: int, stop: int, barrier) -> None:
    with RowStore(folder, row_bytes=ROW) as store:
        barrier.wait(60)
        for number in range(start, stop):
            numbers = np.array([number])
            store.append(keys_of(numbers).tobytes(), rows_of(numbers))


def check_all(folder: Path, numbers: np.ndarray) -> None:
    store = RowStore(folder, row_bytes=ROW)
    out = np.zeros((len(numbers), ROW // 8), "<u8")
    good = store.gather(store.find(keys_of(numbers)), out)
    assert good.all()
    np.testing.assert_array_equal(out, rows_of(numbers))


def test_two_processes_append_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    spans = [(0, 1500), (1000, 2500)]
    children = [context.Process(target=append_range, args=(tmp_path, *span, barrier)) for span in spans]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    assert 1 <= len(segment_numbers(tmp_path)) <= 2
    check_all(tmp_path, np.arange(2500))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("step", [1, 50])
def test_killed_in_the_middle_of_appending(tmp_path, step):
    start = 0
    for wait_s in (0.0, 0.013, 0.03):
        command = [sys.executable, "-c", _CHILD, str(tmp_path), str(start), str(step)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            timer = threading.Timer(30, child.kill)
            timer.start()
            assert child.stdout is not None
            lines = [child.stdout.readline()]
            timer.cancel()
            threading.Timer(wait_s, child.kill).start()
            lines += child.stdout.readlines()
        assert child.returncode == -signal.SIGKILL
        told = int([line for line in lines if line.endswith("\n")][-1])
        check_all(tmp_path, np.arange(told))  # everything that was said to be stored is there
        with RowStore(tmp_path, row_bytes=ROW) as store:
            found = np.flatnonzero(store.find(keys_of(np.arange(told + 2 * step))) >= 0)
            check_all(tmp_path, found)  # and nothing else than what was meant to be
            numbers = np.array([10_000_000 + told])
            store.append(keys_of(numbers).tobytes(), rows_of(numbers))
        assert segment_numbers(tmp_path) == [0]  # the killed process left no lock behind
        check_all(tmp_path, np.append(found, numbers))
        start = told


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no limit on the size of a file")
def test_the_system_refuses_to_let_the_file_grow(tmp_path):
    code = """
import resource, sys
from pathlib import Path
import numpy as np
from foveal.errors import FovealError
from foveal.features.store import RowStore
resource.setrlimit(resource.RLIMIT_FSIZE, (7 * 600 + 100, resource.RLIM_INFINITY))
store = RowStore(Path(sys.argv[1]), row_bytes=600)
keys = np.repeat(np.arange(20, dtype=np.uint8)[:, None], 16, axis=1)
stored = 0
try:
    for number in range(20):
        store.append(keys[number].tobytes(), bytes([number]) * 600)
        stored += 1
except FovealError as error:
    print(error.code, stored)
out = np.zeros((20, 600), np.uint8)
good = store.gather(store.find(keys), out)
assert good.sum() == stored and (out[good] == np.arange(stored)[:, None]).all()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.extend(keys, np.repeat(np.arange(20, dtype=np.uint8)[:, None], 600, axis=1))
assert store.gather(store.find(keys), out).all() and (out == np.arange(20)[:, None]).all()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.split() == ["cannot-write", "7"]
    assert (tmp_path / "000.rows").stat().st_size == 20 * 600


def test_many_threads_append_and_read(tmp_path):
    failures: list[BaseException] = []

    def work(store: RowStore, first: int) -> None:
        try:
            for start in range(first, 3000, 300):
                numbers = np.arange(start, start + 100)
                store.append(keys_of(numbers[:1]).tobytes(), rows_of(numbers[:1]))
                store.extend(keys_of(numbers), rows_of(numbers))
                out = np.zeros((100, ROW // 8), "<u8")
                assert store.gather(store.find(keys_of(numbers)), out).all()
                np.testing.assert_array_equal(out, rows_of(numbers))
        except BaseException as error:
            failures.append(error)

    with RowStore(tmp_path, row_bytes=ROW) as store:
        threads = [threading.Thread(target=work, args=(store, first)) for first in (0, 100, 200, 0, 100, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert len(store) == 3000
    check_all(tmp_path, np.arange(3000))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_segment_alone(tmp_path):
    one, two, three = np.array([1]), np.array([2]), np.array([3])
    with RowStore(tmp_path, row_bytes=ROW) as store:
        store.append(keys_of(one).tobytes(), rows_of(one))
        child = os.fork()
        if not child:
            code = 1
            try:
                store.append(keys_of(two).tobytes(), rows_of(two))
                store.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with RowStore(tmp_path, row_bytes=ROW) as other:
            other.append(keys_of(three).tobytes(), rows_of(three))
        store.extend(keys_of(np.arange(10, 20)), rows_of(np.arange(10, 20)))
        assert segment_numbers(tmp_path) == [0, 1]
        assert (tmp_path / "000.rows").stat().st_size == 11 * ROW
    check_all(tmp_path, np.array([1, 2, 3, *range(10, 20)]))
