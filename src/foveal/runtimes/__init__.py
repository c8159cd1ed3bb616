"""Run a network file on photos. `RUNTIMES` maps a name to its engine; `PRECISIONS` are tried from the most exact."""

RUNTIMES = {
    "openvino": "foveal.runtimes.openvino:OpenVinoEngine",
    "onnx": "foveal.runtimes.onnx:OnnxEngine",
}

PRECISIONS = ("f32", "bf16", "int8")
