"""Where a training computes and in which numbers: chosen by measuring this network on this machine."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from foveal.errors import FovealError, unknown_name
from foveal.training.trial import images_per_s

AMP = {"auto": None, "off": None, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Words for the numbers of the forward pass; "off" is float32 throughout."""

COMPILE = ("auto", "on", "off")

# Fewer digits must be worth it, and one measurement is not exact.
_AMP_GAIN = 1.1
# Compiling is not even tried where training takes less than this. On two cores it took 59 s, and then 32 photos/s went
# through where 38 did without, nor was it the faster one in any other trial there: on processors it is tried only where
# the minute is less than a hundredth of what lies ahead.
_WORTH_COMPILING_S = {"cuda": 2400.0, "cpu": 7200.0}
_WORDS = {torch.bfloat16: "bfloat16", torch.float16: "float16", None: "float32"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Device:
    """Where a training computes, and how.

    Args:
        kind: "cpu", "cuda" or "mps".
        torch_device: The device itself.
        amp: Numbers that convolutions and products are computed in; None is float32.
        channels_last: Whether weights lie in memory as photos do, channels innermost.
        compile: Whether torch.compile pays.
        images_per_s: Photos trained on per second in the trial; 0 where none was needed.
        why: What was measured or asked for, as clauses of a sentence.
    """

    kind: str
    torch_device: torch.device
    amp: torch.dtype | None = None
    channels_last: bool = True
    compile: bool = False
    images_per_s: float = 0.0
    why: tuple[str, ...] = ()

    def describe(self) -> str:
        """One line for people: where, how, and why so."""
        if self.kind == "cuda":
            place = torch.cuda.get_device_name(self.torch_device)
        else:
            place = f"CPU, {torch.get_num_threads()} threads" if self.kind == "cpu" else "Apple GPU"
        parts = [place, _WORDS[self.amp], *(["compiled"] if self.compile else [])]
        speed = f": {self.images_per_s:.3g} photos/s in a trial" if self.images_per_s else ""
        why = f" ({'; '.join(self.why)})" if self.why else ""
        return f"{', '.join(parts)}{speed}{why}"

    def found(self) -> dict[str, Any]:
        """What was chosen and why, JSON-able; `as_found` takes it."""
        words = {value: word for word, value in AMP.items() if word != "auto"}
        return {
            "kind": self.kind,
            "amp": words[self.amp],
            "compile": self.compile,
            "images_per_s": self.images_per_s,
            "why": list(self.why),
        }

    def as_found(self, found: Mapping[str, Any]) -> Device:
        """This device with what was chosen on another of its kind, or before a training was interrupted.

        Args:
            found: What `found` gave.
        """
        return dataclasses.replace(
            self,
            amp=AMP[found["amp"]],
            compile=found["compile"],
            images_per_s=found["images_per_s"],
            why=tuple(found["why"]),
        )

    def place(self, module: nn.Module) -> nn.Module:
        """Move a module there, weights in the order of memory that suits it; changes it in place."""
        order = torch.channels_last if self.channels_last else torch.contiguous_format
        placed: nn.Module = module.to(self.torch_device)
        for each in placed.modules():
            if isinstance(each, nn.Conv2d):
                each.to(memory_format=order)
        return placed

    def compiled(self, module: nn.Module) -> Callable[[Tensor], Tensor]:
        """The module to call for a training step: compiled where that pays, else itself."""
        called: Callable[[Tensor], Tensor] = torch.compile(module) if self.compile else module
        return called

    def upload(self, tensor: Tensor) -> Tensor:
        """A tensor on the device; from pinned memory without waiting for it."""
        return tensor.to(self.torch_device, non_blocking=self.kind == "cuda")

    def autocast(self) -> AbstractContextManager[Any]:
        """Where the forward pass and the loss belong."""
        if self.amp is None:
            return nullcontext()
        cast: AbstractContextManager[Any] = torch.autocast(self.kind, self.amp)
        return cast

    def scaler(self) -> torch.amp.GradScaler:
        """Scales losses so that small gradients survive float16; passes everything through for other numbers."""
        return torch.amp.GradScaler(self.kind, enabled=self.amp is torch.float16)


def choose_device(
    recogniser: nn.Module,
    *,
    batch: int,
    size_wh: tuple[int, int],
    wanted: str = "auto",
    amp: str = "auto",
    compile: str = "auto",  # noqa: A002  # the word of the option
    seconds: float = 6.0,
    steps: int = 0,
    most_s: float = math.inf,
    local_rank: int = 0,
) -> Device:
    """Choose by short trials of the real network, and move it there.

    A processor's bfloat16 can be slower than its float32 (measured: 28 against 42 photos/s on one that has
    AVX512-BF16), so nothing is taken for granted. The same question in one process is answered once.

    Args:
        recogniser: Pictures uint8 [N, H, W, 3] to logits, with `requires_grad` set as it will be trained.
        batch: Photos that go through at a time.
        size_wh: Width and height of the pictures.
        wanted: "auto", "cpu", "cuda", "cuda:N" or "mps".
        amp: "auto", "off", "bf16" or "fp16".
        compile: "auto", "on" or "off".
        seconds: For all trials without compiling.
        steps: Steps the training will take, for whether compiling can pay; 0 = not known, where "auto" never compiles.
        most_s: Seconds that the training takes at most.
        local_rank: Number of this process on its machine: which GPU "auto" and "cuda" mean.

    Raises:
        FovealError: `unknown-name`: a word. `device-missing`: it is not there. `bad-option`: numbers it does not have.
    """
    for kind, word, known in (("number format for --amp", amp, AMP), ("word for --compile", compile, COMPILE)):
        if word not in known:
            raise unknown_name(kind, word, known)
    torch_device = _find(wanted, local_rank)
    shapes = tuple((tuple(each.shape), each.requires_grad) for each in recogniser.parameters())
    layers = tuple(type(each).__qualname__ for each in recogniser.modules())
    question = (shapes, layers, batch, size_wh, torch_device, amp, compile, (steps, most_s), torch.get_num_threads())
    if question not in _answers:
        _answers[question] = _choose(recogniser, torch_device, batch, size_wh, (amp, compile), seconds, (steps, most_s))
    chosen = _answers[question]
    chosen.place(recogniser)
    return chosen


_answers: dict[Any, Device] = {}


def settle(device: Device, *, deterministic: bool) -> None:
    """Set what holds for the whole process: reproducible kernels, or the fastest.

    Processors repeat themselves bit for bit anyway, with the same number of threads. On GPUs `deterministic` forgoes
    the search for the fastest convolution, and warns once of operations that have no reproducible form.

    Args:
        device: Where it computes.
        deterministic: Whether the same seed must give the same weights.
    """
    if device.kind != "cuda":
        return
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    torch.backends.cudnn.benchmark = not deterministic
    # TF32 keeps float32's range and ten of its digits, as gradients of batches have no more to say.
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True


def _find(wanted: str, local_rank: int) -> torch.device:
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    if wanted == "auto":
        wanted = "cuda" if gpus else "mps" if mps else "cpu"
    kind, _, number = wanted.partition(":")
    if kind not in {"cpu", "cuda", "mps"} or (number and not (kind == "cuda" and number.isdigit())):
        raise unknown_name("device", wanted, ("auto", "cpu", "cuda", "cuda:1", "mps"))
    index = int(number) if number else local_rank
    if (kind == "cuda" and index >= gpus) or (kind == "mps" and not mps):
        raise FovealError(
            "device-missing",
            f"--device {wanted}: expected a device PyTorch can use, got {gpus} NVIDIA and {int(mps)} Apple GPUs",
            hint="choose --device auto, which takes the best there is; a GPU also needs PyTorch's build for it",
        )
    return torch.device("cuda", index) if kind == "cuda" else torch.device(kind)


def _choose(
    recogniser: nn.Module,
    torch_device: torch.device,
    batch: int,
    size_wh: tuple[int, int],
    wishes: tuple[str, str],
    seconds: float,
    length: tuple[int, float],
) -> Device:
    """Trials, the plainest first; each further one has to be worth it."""
    amp, compiling = wishes
    kind = torch_device.type
    offered = _offered(torch_device)
    if AMP[amp] is not None and AMP[amp] not in offered:
        known = ", ".join(_WORDS[each] for each in offered) or "float32 only"
        raise FovealError(
            "bad-option",
            f"--amp {amp}: expected numbers that training on {kind} has, got {_WORDS[AMP[amp]]} where it has {known}",
            hint="choose --amp auto or --amp off",
        )
    best = Device(kind=kind, torch_device=torch_device, channels_last=kind != "mps", amp=AMP[amp])
    best.place(recogniser)
    trial = functools.partial(images_per_s, recogniser, batch=batch, size_wh=size_wh, seconds=seconds / 2)
    why = [] if amp == "auto" else [f"{_WORDS[best.amp]} as asked for"]
    fewer = offered[0] if offered and amp == "auto" else None
    if fewer is not None or compiling == "auto":
        best = dataclasses.replace(best, images_per_s=trial(best))
    if fewer is not None:
        speed = trial(dataclasses.replace(best, amp=fewer), enough=best.images_per_s)
        why.append(f"float32 {best.images_per_s:.3g}, {_WORDS[fewer]} {speed:.3g} photos/s")
        if speed >= _AMP_GAIN * best.images_per_s:
            best = dataclasses.replace(best, amp=fewer, images_per_s=speed)
    if compiling == "on":
        best = dataclasses.replace(best, compile=True)
        why.append("compiled as asked for")
    elif compiling == "auto":
        best, told = _perhaps_compiled(recogniser, best, batch, size_wh, length, seconds)
        why += told
    return dataclasses.replace(best, why=tuple(why))


def _perhaps_compiled(
    recogniser: nn.Module,
    plain: Device,
    batch: int,
    size_wh: tuple[int, int],
    length: tuple[int, float],
    seconds: float,
) -> tuple[Device, list[str]]:
    """Compile where the training, of so many steps and seconds at most, gains more by it than compiling costs."""
    steps, most_s = length
    ahead = min(steps * batch / plain.images_per_s, most_s)
    if ahead < _WORTH_COMPILING_S.get(plain.kind, math.inf):
        return plain, []
    began = time.perf_counter()
    try:
        called = torch.compile(recogniser)
        speed = images_per_s(called, plain, batch=batch, size_wh=size_wh, seconds=seconds / 2)
    except Exception as error:  # the compiler's own errors have no common class; training goes on without it
        return plain, [f"torch.compile failed: {type(error).__name__}"]
    cost = time.perf_counter() - began
    told = f"compiled {speed:.3g} photos/s after {cost:.0f} s"
    if ahead * (1 - plain.images_per_s / speed) > cost:
        return dataclasses.replace(plain, compile=True, images_per_s=speed), [told]
    return plain, [f"{told}, which does not pay"]


def _offered(torch_device: torch.device) -> tuple[torch.dtype, ...]:
    """Shorter numbers that a device computes by itself, the better first."""
    if torch_device.type == "cuda":
        modern = torch.cuda.get_device_capability(torch_device) >= (8, 0)
        return (torch.bfloat16, torch.float16) if modern else (torch.float16,)
    if torch_device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        # Where a processor has none, PyTorch imitates bfloat16, many times slower.
        has = any(bool(there) for name, there in torch.cpu.get_capabilities().items() if "bf16" in name)
        return (torch.bfloat16,) if has else ()
    return ()
