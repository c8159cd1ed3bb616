from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import nn  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import batch_size as module  # noqa: E402
from foveal.training.batch_size import plan_batch  # noqa: E402
from foveal.training.device import Device  # noqa: E402

CPU = Device(kind="cpu", torch_device=torch.device("cpu"))
GPU = Device(kind="cuda", torch_device=torch.device("cuda", 0))


@pytest.fixture
def machine(monkeypatch):
    """Speeds by photos at a time, free bytes, bytes a photo takes, and how many fit onto the GPU."""
    made = {"speeds": {8: 42.0, 16: 40.0, 32: 38.0}, "free": 1 << 30, "each": 1 << 20, "gpu": 64, "tried": []}

    def fits(_, device, *, batch, size_wh):
        made["tried"].append(batch)
        return batch <= made["gpu"]

    monkeypatch.setattr(module, "images_per_s", lambda _, device, *, batch, **__: made["speeds"][batch])
    monkeypatch.setattr(module, "bytes_a_photo", lambda *_, **__: made["each"])
    monkeypatch.setattr(module, "_free_bytes", lambda: made["free"])
    monkeypatch.setattr(module, "fits", fits)
    return made


def plan(device=CPU, **wishes):
    found = plan_batch(nn.Identity(), device, **{"effective": 32, "size_wh": (224, 224), **wishes})
    return found.batch, found.parts


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ({8: 42, 16: 40, 32: 30}, (16, 2)),  # 8 is not 5 % faster than 16
        ({8: 42, 16: 39, 32: 30}, (8, 4)),
        ({8: 42, 16: 41, 32: 41}, (32, 1)),
    ],
)
def test_the_fastest_is_taken_and_the_larger_of_equals(machine, speeds, expected):
    machine["speeds"] = speeds
    assert plan() == expected


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"effective": 8}, (8, 1)),
        ({"effective": 1}, (1, 1)),
        ({"effective": 7}, (7, 1)),
        ({"effective": 16, "processes": 2}, (8, 1)),
        ({"effective": 64, "whole": True}, (64, 1)),
        ({"effective": 96}, (16, 6)),
    ],
)
def test_a_step_learns_from_as_many_photos_as_the_recipe_asks_for(machine, wishes, expected):
    batch, parts = plan(**wishes)
    assert (batch, parts) == expected
    assert batch * parts * wishes.get("processes", 1) == wishes["effective"]


def test_on_a_processor_memory_bounds_it(machine):
    machine["free"] = 20 << 20
    assert plan(whole=True) == (8, 4)
    machine["free"] = 2 << 20
    with pytest.raises(FovealError, match="expected room for one part of a batch, got 2,097,152 free bytes") as caught:
        plan(whole=True)
    assert caught.value.code == "out-of-memory"
    machine["free"] = None
    assert plan(whole=True) == (32, 1)


def test_on_a_gpu_the_largest_that_fits(machine):
    assert plan(GPU, effective=256) == (64, 4)
    assert machine["tried"] == [256, 128, 64]
    machine["gpu"] = 1
    with pytest.raises(FovealError, match="got the GPU's memory"):
        plan(GPU)


def test_photos_that_cannot_be_shared_evenly_are_refused(machine):
    with pytest.raises(FovealError, match="expected a batch that 3 processes share evenly, got 32") as caught:
        plan(processes=3)
    assert caught.value.code == "bad-value"


def test_a_real_network_on_this_machine():
    network = nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 3, 4))
    layer = nn.Module()
    layer.forward = lambda images: network(images.float())
    layer.network = network
    found = plan_batch(layer, CPU, effective=16, size_wh=(8, 8), seconds=0.1)
    assert found.batch in {8, 16}
    assert found.batch * found.parts == 16
    assert found.why.startswith("16: ")
