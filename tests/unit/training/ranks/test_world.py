from __future__ import annotations

import signal

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import nn  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training.ranks.world import World  # noqa: E402
from foveal.training.ranks.wrap import not_yet, same_start, wrap  # noqa: E402

VARIABLES = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (*VARIABLES, "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_alone_everything_is_at_hand():
    with World.joined() as world:
        assert (world.rank, world.size, world.main) == (0, 1, True)
        values = torch.tensor([1, 2])
        total = world.sum(values)
        assert total.tolist() == [1, 2]
        assert total is not values
        assert world.agree(True)
        assert not world.agree(False)
        assert world.broadcast({"a": (1, 2)}) == {"a": (1, 2)}
        assert world.on_main(lambda: "done") == "done"
        rows, found = world.gather_rows(np.array([3, 1, 3]), np.array([[3.0], [1.0], [3.5]]))
        assert (rows.tolist(), found.tolist()) == ([1, 3], [[1.0], [3.0]])
        assert not torch.distributed.is_initialized()


def test_alone_errors_stay_what_they_are():
    with World.joined() as world, pytest.raises(ZeroDivisionError):
        world.on_main(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="Connection closed"), World.joined():
        raise RuntimeError("Connection closed by peer")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_alone_nothing_is_wrapped():
    module = nn.Linear(2, 2)
    same_start(module, World())
    assert wrap(module, World()) is module
    with not_yet(module):
        module(torch.ones(1, 2)).sum().backward()
    assert module.weight.grad is not None


def test_an_unknown_way_is_refused():
    with pytest.raises(FovealError, match="way to train in parallel") as caught:
        wrap(nn.Linear(2, 2), World(), parallel="ddpp")
    assert caught.value.hint == "did you mean ddp or fsdp?"


def test_a_launch_of_one_is_alone(environment):
    for name, value in {**VARIABLES, "WORLD_SIZE": "1", "RANK": "0"}.items():
        environment.setenv(name, value)
    with World.joined() as world:
        assert world.size == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"RANK": None}, "expected RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT as torchrun sets them"),
        ({"MASTER_PORT": None}, "as torchrun sets them"),
        ({"RANK": "one"}, "as torchrun sets them"),
        ({"RANK": "4"}, "expected RANK below WORLD_SIZE, got 4 and 4"),
    ],
)
def test_variables_that_do_not_fit_are_refused(environment, changes, said):
    for name, value in {**VARIABLES, **changes}.items():
        if value is not None:
            environment.setenv(name, value)
    with pytest.raises(FovealError, match=said) as caught, World.joined():
        pass
    assert caught.value.code == "bad-launch"


def test_more_processes_than_gpus_are_refused(environment):
    for name, value in {**VARIABLES, "LOCAL_WORLD_SIZE": "99"}.items():
        environment.setenv(name, value)
    with (
        pytest.raises(FovealError, match="expected a GPU for each of 99 processes") as caught,
        World.joined(device="cuda"),
    ):
        pass
    assert caught.value.code == "bad-launch"
