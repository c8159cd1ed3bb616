from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch import nn  # noqa: E402

from foveal.errors import FovealError  # noqa: E402
from foveal.training import device as module  # noqa: E402
from foveal.training.device import Device, choose_device, settle  # noqa: E402

GPUS = torch.cuda.device_count()


class Photos(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 8, 3), nn.Linear(8, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(self.conv(images.permute(0, 3, 1, 2).float() / 255).mean(dim=(2, 3)))


@pytest.fixture
def speeds(monkeypatch):
    """A machine on which every way is as fast as said here, by (numbers, compiled)."""
    table = {(None, False): 40.0}
    trials = []

    def measured(called, device, **_):
        trials.append((device.amp, hasattr(called, "_orig_mod")))
        return table[trials[-1]]

    monkeypatch.setattr(module, "images_per_s", measured)
    monkeypatch.setattr(module, "_offered", lambda place: (torch.bfloat16,))
    monkeypatch.setattr(module, "_answers", {})
    table["trials"] = trials
    return table


def choose(**wishes):
    return choose_device(Photos(), **{"batch": 8, "size_wh": (32, 32), "wanted": "cpu", **wishes})


@pytest.mark.parametrize(("bf16", "amp"), [(28.0, None), (42.0, None), (60.0, torch.bfloat16)])
def test_fewer_digits_must_be_worth_it(speeds, bf16, amp):
    speeds[torch.bfloat16, False] = bf16
    chosen = choose()
    assert chosen.amp is amp
    assert chosen.images_per_s == (40 if amp is None else bf16)
    assert f"float32 40, bfloat16 {bf16:.3g} photos/s" in chosen.describe()


@pytest.mark.parametrize(
    ("steps", "most_s", "compiled", "pays"),
    [
        (0, 1e9, None, False),
        (35_000, 1e9, None, False),
        (37_000, 1e9, 60.0, True),
        (37_000, 1e9, 39.0, False),
        (37_000, 3600.0, None, False),
    ],
    ids=["unknown length", "less than two hours", "long and faster", "long and slower", "a budget of an hour"],
)
def test_compiling_is_tried_where_it_can_pay_and_used_where_it_does(speeds, steps, most_s, compiled, pays):
    """8 photos a step, 40 a second: 36,000 steps take two hours."""
    speeds[torch.bfloat16, False] = 20.0
    speeds[None, True] = compiled
    chosen = choose(steps=steps, most_s=most_s)
    assert chosen.compile is pays
    assert ((None, True) in speeds["trials"]) == (compiled is not None)
    assert ("which does not pay" in chosen.describe()) == (compiled == 39.0)


def test_a_compiler_that_fails_is_told_and_done_without(speeds):
    speeds[torch.bfloat16, False] = 20.0
    chosen = choose(steps=100_000)
    assert not chosen.compile
    assert "torch.compile failed: KeyError" in chosen.describe()


def test_the_same_question_is_answered_once(speeds):
    speeds[torch.bfloat16, False] = 20.0
    assert choose() is choose()
    assert len(speeds["trials"]) == 2
    choose(batch=16)
    assert len(speeds["trials"]) == 4


@pytest.mark.parametrize(("bf16", "amp"), [(28.0, None), (60.0, torch.bfloat16)])
def test_what_was_found_is_kept_with_its_reason(speeds, bf16, amp):
    speeds[torch.bfloat16, False] = bf16
    chosen = choose()
    again = choose(amp="off", compile="off").as_found(json.loads(json.dumps(chosen.found())))
    assert again == chosen
    assert again.amp is amp


def test_what_is_asked_for_is_not_measured(speeds):
    chosen = choose(amp="bf16", compile="on")
    assert (chosen.amp, chosen.compile, speeds["trials"]) == (torch.bfloat16, True, [])
    assert chosen.describe().endswith("bfloat16, compiled (bfloat16 as asked for; compiled as asked for)")
    plain = choose(amp="off", compile="off")
    assert (plain.amp, plain.compile, speeds["trials"]) == (None, False, [])


def test_a_real_choice_trains_on_this_machine():
    network = Photos()
    chosen = choose_device(network, batch=4, size_wh=(24, 24), seconds=0.2)
    assert chosen.kind == ("cuda" if GPUS else "mps" if torch.backends.mps.is_available() else "cpu")
    assert chosen.images_per_s > 0
    images = chosen.upload(torch.zeros(4, 24, 24, 3, dtype=torch.uint8))
    with chosen.autocast():
        total = chosen.compiled(network)(images).float().square().sum()
    scaler = chosen.scaler()
    scaler.scale(total).backward()
    assert network.conv.weight.grad is not None
    assert scaler.is_enabled() is (chosen.amp is torch.float16)


def test_weights_lie_as_photos_do():
    network = Photos()
    choose_device(network, batch=2, size_wh=(8, 8), wanted="cpu", amp="off", compile="off")
    assert network.conv.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("wishes", "code", "said"),
    [
        ({"wanted": "gpu"}, "unknown-name", "device"),
        ({"wanted": "cpu:1"}, "unknown-name", "device"),
        ({"wanted": f"cuda:{GPUS}"}, "device-missing", f"got {GPUS} NVIDIA"),
        ({"amp": "half"}, "unknown-name", "number format"),
        ({"amp": "fp16"}, "bad-option", "expected numbers that training on cpu has, got float16"),
        ({"compile": "yes"}, "unknown-name", "--compile"),
    ],
)
def test_what_there_is_not_is_refused(wishes, code, said):
    with pytest.raises(FovealError, match=said) as caught:
        choose(**wishes)
    assert caught.value.code == code


def test_settings_of_a_gpu_are_left_alone_on_a_processor():
    before = torch.backends.cudnn.benchmark, torch.are_deterministic_algorithms_enabled()
    settle(Device(kind="cpu", torch_device=torch.device("cpu")), deterministic=True)
    assert (torch.backends.cudnn.benchmark, torch.are_deterministic_algorithms_enabled()) == before


def test_settings_of_a_gpu(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    told = []
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda on, warn_only: told.append((on, warn_only)))
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    gpu = Device(kind="cuda", torch_device=torch.device("cuda", 0))
    precision = torch.get_float32_matmul_precision()
    try:
        settle(gpu, deterministic=False)
        assert torch.backends.cudnn.benchmark
        settle(gpu, deterministic=True)
        assert not torch.backends.cudnn.benchmark
        assert told == [(False, True), (True, True)]
    finally:
        torch.set_float32_matmul_precision(precision)
