from __future__ import annotations

import os
import signal

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import distributed  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training.ranks.lost import stopped_clearly, told_clearly  # noqa: E402

SEEN = [
    (
        "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:5779. "
        "This is typically caused by a remote worker crashing.",
        "Connection closed by peer [127.0.0.1]:5779",
    ),
    (
        "Timed out waiting 20000ms for send operation to complete",
        "Timed out waiting 20000ms for send operation to complete",
    ),
    ("NCCL communicator was aborted on rank 0.\nand more", "NCCL communicator was aborted on rank 0."),
]


@pytest.mark.parametrize(("raised", "said"), SEEN, ids=["gloo", "timeout", "nccl"])
def test_what_backends_say_becomes_one_error(raised, said):
    with pytest.raises(FovealError) as caught, told_clearly(1, 4):
        raise RuntimeError(raised)
    assert caught.value.code == "rank-lost"
    assert caught.value.message == f"rank 1 of 4: expected every process of the job to answer, got: {said}"


def test_the_backends_own_errors_need_no_sign():
    with pytest.raises(FovealError) as caught, told_clearly(0, 2):
        raise distributed.DistBackendError("something new")
    assert caught.value.code == "rank-lost"


@pytest.mark.parametrize(
    ("error", "size"),
    [
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), 2),
        (ValueError("Connection closed by peer"), 2),
        (RuntimeError("Connection closed by peer"), 1),
    ],
)
def test_other_errors_stay_what_they_are(error, size):
    with pytest.raises(type(error)) as caught, told_clearly(0, size):
        raise error
    assert caught.value is error


@pytest.fixture
def own_handler():
    before = signal.getsignal(signal.SIGTERM)
    yield before
    signal.signal(signal.SIGTERM, before)


@pytest.mark.skipif(os.name != "posix", reason="a launcher on Windows sends no signal")
def test_the_launchers_word_to_stop_is_told(own_handler):
    with pytest.raises(FovealError, match="SIGTERM") as caught, stopped_clearly(0, 2):
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == "rank-lost"


def test_afterwards_the_signal_does_what_it_did(own_handler):
    with stopped_clearly(0, 2):
        assert signal.getsignal(signal.SIGTERM) is not own_handler
    assert signal.getsignal(signal.SIGTERM) is own_handler


def test_words_on_their_way_are_not_cut_off(own_handler):
    with pytest.raises(RuntimeError), stopped_clearly(0, 2):
        raise RuntimeError("Connection closed by peer")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_a_single_process_keeps_its_signals(own_handler):
    with stopped_clearly(0, 1):
        assert signal.getsignal(signal.SIGTERM) is own_handler
