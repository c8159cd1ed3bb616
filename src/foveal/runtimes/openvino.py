"""OpenVINO: the fastest on x86 and Arm processors, in float32 or bfloat16.

Each calling thread owns an inference request and the network has as many streams as threads. One photo at a time is as
fast as any batch on a CPU (its activations stay in the cache), and OpenVINO's own asynchronous queue is not used: fed
by two threads without a lock it stalls for good.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.runtimes.compiled import compiled


class OpenVinoEngine:
    """Implements `foveal.runtimes.engine.Engine`.

    Args:
        network: A serialised ONNX model.
        outputs: Names of the outputs to compute; the others are cut off.
        precision: "f32", "bf16" (refused by processors without it) or "int8" (for a quantised network).
        parallel: Threads that will call `run` at once.
        sha256: Digest of the network, under which the compiled one is kept for the next process; "" keeps nothing.
    """

    keeps_compiled = True

    def __init__(
        self, network: bytes, outputs: Sequence[str], *, precision: str, parallel: int, sha256: str = ""
    ) -> None:
        openvino = import_openvino()
        core = openvino.Core()
        properties = {
            "NUM_STREAMS": parallel,
            "INFERENCE_NUM_THREADS": max(parallel, 1),
            # int8 networks keep a few float layers; bf16 there would be a second, unasked loss.
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        }

        def compile_model() -> Any:
            model = core.read_model(network)
            model = openvino.Model([model.output(name) for name in outputs], model.get_parameters(), "foveal")
            shape = model.inputs[0].partial_shape
            model.reshape([1, *(shape[axis].get_length() for axis in range(1, 4))])
            return core.compile_model(model, "CPU", properties)

        if sha256:
            name = f"{sha256} {','.join(outputs)}"
            self._compiled = compiled(core, properties, name=name, compile_model=compile_model)
        else:
            self._compiled = compile_model()
        self._count = len(outputs)
        self._thread = threading.local()
        # The first inference of a process sets up OpenVINO's table of number types behind a lock that lets go of the
        # interpreter's: two threads that get there together wait for each other for ever (1 cold start in 50 on two
        # busy cores). So one thread goes first.
        self.run(np.zeros(tuple(self._compiled.inputs[0].shape)[1:], np.uint8))

    def run(self, image_rgb: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run one photo; see `Engine.run`."""
        bound = getattr(self._thread, "bound", None)
        if bound is None:
            bound = self._thread.bound = _Bound(self._compiled.create_infer_request(), self._count)
        return bound.run(image_rgb)


class _Bound:
    """An inference request with the arrays it reads from and writes to, whose sizes never change.

    Handing OpenVINO an array at every call, and asking it for its outputs, took 0.17 ms a photo.
    """

    def __init__(self, request: Any, outputs: int) -> None:
        self._request = request
        self._input: NDArray[np.uint8] = request.get_input_tensor().data[0]
        self._outputs = [request.get_output_tensor(index).data[0] for index in range(outputs)]

    def run(self, image_rgb: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """See `Engine.run`."""
        np.copyto(self._input, image_rgb)
        self._request.infer(share_outputs=True)
        return [np.array(values, np.float32) for values in self._outputs]


def import_openvino() -> ModuleType:
    """Import OpenVINO without its model converter.

    The converter brings a usage-statistics client along; foveal never loads either, which also halves the import time.
    """
    name = "openvino.tools.ovc"
    if "openvino" in sys.modules or name in sys.modules:
        return import_module("openvino")
    blocked: Any = None
    sys.modules[name] = blocked
    try:
        return import_module("openvino")
    finally:
        del sys.modules[name]


def has_bf16() -> bool:
    """Whether this processor computes in bfloat16 natively."""
    return "BF16" in import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
