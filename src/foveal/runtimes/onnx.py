"""ONNX Runtime: available everywhere and the quickest to start, in float32 or on a quantised network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class OnnxEngine:
    """Implements `foveal.runtimes.engine.Engine`.

    Args:
        network: A serialised ONNX model.
        outputs: Names of the outputs to compute.
        precision: "f32", or "int8" for a quantised network.
        parallel: Threads that will call `run` at once; each runs its photo on one thread.
    """

    keeps_compiled = False

    def __init__(self, network: bytes, outputs: Sequence[str], *, precision: str, parallel: int) -> None:
        import onnxruntime

        if precision == "bf16":
            raise RuntimeError("ONNX Runtime has no bf16 kernels for the CPU")
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._outputs = list(outputs)

    def run(self, image_rgb: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run one photo; see `Engine.run`."""
        found = self._session.run(self._outputs, {self._input: image_rgb[None]})
        return [np.asarray(values[0], np.float32) for values in found]
