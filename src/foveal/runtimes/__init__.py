"""Run a network file on photos. `RUNTIMES` maps a name to its engine; `PRECISIONS` are tried from the most exact."""

RUNTIMES = {
    "openvino": "foveal.runtimes.openvino:OpenVinoEngine",
    "onnx": "foveal.runtimes.onnx:OnnxEngine",
}

# The Python package each runtime needs.
PACKAGES = {"openvino": "openvino", "onnx": "onnxruntime"}

PRECISIONS = ("f32", "bf16", "int8")
