"""What every engine does, how one is named, and how many threads there are."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError, unknown_name
from foveal.runtimes import RUNTIMES


class Engine(Protocol):
    """A network loaded and ready. Every photo goes through alone, so no answer depends on its neighbours."""

    def run(self, image_rgb: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run one preprocessed photo; safe to call from many threads.

        Args:
            image_rgb: uint8 [H, W, 3] of the network's input size.

        Returns:
            One float32 [columns] for each output asked for, in that order.
        """
        ...


@dataclass(frozen=True)
class Choice:
    """A runtime and the precision it computes in: "f32", "bf16", or "int8" (a quantised network file)."""

    runtime: str
    precision: str

    def __str__(self) -> str:
        return f"{self.runtime}/{self.precision}"


def threads() -> int:
    """Processors this process may use: `$FOVEAL_THREADS`, else the scheduler's word."""
    chosen = os.environ.get("FOVEAL_THREADS")
    if chosen is not None:
        if not chosen.isdigit() or not int(chosen):
            raise FovealError(
                "bad-option",
                f"FOVEAL_THREADS: expected a number from 1, got {chosen!r}",
                hint="unset it to use every processor",
            )
        return int(chosen)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_engine(choice: Choice, network: bytes, outputs: Sequence[str], *, parallel: int, sha256: str = "") -> Engine:
    """Load a network.

    Args:
        choice: Runtime and precision.
        network: A serialised ONNX model taking `images` uint8 [N, H, W, 3].
        outputs: Names of the outputs to compute.
        parallel: Threads that will call `run` at once.
        sha256: Digest of the network, if what a runtime compiles from it is worth keeping for the next process.

    Raises:
        FovealError: `unknown-name`, `runtime-missing`, `network-unreadable`.
    """
    try:
        module, attribute = RUNTIMES[choice.runtime].split(":")
    except KeyError:
        raise unknown_name("runtime", choice.runtime, RUNTIMES) from None
    try:
        engine = getattr(import_module(module), attribute)
        kept = {"sha256": sha256} if engine.keeps_compiled else {}
        loaded: Engine = engine(network, outputs, precision=choice.precision, parallel=parallel, **kept)
    except ImportError as error:
        raise FovealError(
            "runtime-missing",
            f"{choice.runtime}: expected it to be installed, got: {error}",
            hint="install foveal again, or choose another --runtime",
        ) from error
    except Exception as error:  # each runtime raises classes of its own
        # OpenVINO names its own source file first and says last what is wrong.
        lines = [line.strip() for line in (str(error).strip() or repr(error)).splitlines() if line.strip()]
        reason = (lines[0] if len(lines) == 1 else f"{lines[0]} … {lines[-1]}")[:300]
        raise FovealError(
            "network-unreadable",
            f"{choice}: expected a network it can run, got: {reason}",
            hint="check the ONNX file with `python -m onnx.checker`, or choose another --runtime",
        ) from error
    return loaded


class EnginePool:
    """Engines loaded so far, so that a network is loaded once however many threads and calls ask for it."""

    def __init__(self) -> None:
        self._engines: dict[tuple[Choice, str, tuple[str, ...]], Engine] = {}
        self._lock = threading.Lock()

    def get(self, choice: Choice, network: bytes, sha256: str, outputs: tuple[str, ...]) -> Engine:
        """The engine for a network, loaded on first use for as many threads as there are; see `load_engine`."""
        key = (choice, sha256, outputs)
        with self._lock:
            if key not in self._engines:
                self._engines[key] = load_engine(choice, network, outputs, parallel=threads(), sha256=sha256)
            return self._engines[key]
