"""Make an int8 network from a float one, calibrated on real photos."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def quantise(network: bytes, photos: Sequence[NDArray[np.uint8]]) -> bytes:
    """Quantise weights per channel to int8 and activations per tensor to uint8 (Jacob et al., arXiv:1712.05877).

    Args:
        network: A serialised ONNX model taking `images` uint8 [N, H, W, 3].
        photos: uint8 [H, W, 3], preprocessed; their activations set the ranges. 16 to 64 are enough.

    Returns:
        A serialised ONNX model with QuantizeLinear / DequantizeLinear pairs, the same inputs and outputs.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Photos(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left: Iterator[NDArray[np.uint8]] = iter(photos)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            photo = next(self._left, None)
            return None if photo is None else {"images": photo[None]}

    logging.getLogger().addFilter(_not_preprocessed)
    try:
        with tempfile.TemporaryDirectory(prefix="foveal-") as folder:
            result = Path(folder) / "int8.onnx"
            quantize_static(
                onnx.load_from_string(network),
                str(result),
                Photos(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["Conv", "Add", "Clip"],
            )
            return result.read_bytes()
    finally:
        logging.getLogger().removeFilter(_not_preprocessed)


def _not_preprocessed(record: logging.LogRecord) -> bool:
    """Drop the advice to run a shape-inference step first: these graphs carry static shapes already."""
    return "pre-processing before quantization" not in record.getMessage()
