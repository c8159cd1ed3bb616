"""The blocks of YOLO classifiers (v5 to 11 and on), written as ONNX from what the literature says of them.

Convolution, batch norm, SiLU; bottlenecks inside cross-stage partial blocks (CSPNet, Wang et al., arXiv:1911.11929),
with two (C2f) or three (C3) convolutions around them; attention with a positional depthwise convolution (C2PSA, as
described for YOLO11, arXiv:2410.17725). Kernel sizes, strides, widths and depths are read from the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.adopting.modules import Module
from foveal.errors import FovealError

_ACTIVATIONS = {"ReLU": "Relu", "Sigmoid": "Sigmoid", "Hardswish": "HardSwish", "Identity": "", "SiLU": ""}


class YoloGraph:
    """Collects the nodes; methods take and return names of values."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._blocks: dict[str, Callable[[Module, str], str]] = {
            "AdaptiveAvgPool2d": self._global_pool,
            "Attention": self._attention,
            "Bottleneck": self._bottleneck,
            "C2PSA": self._c2psa,
            "C2f": self._c2f,
            "C3": self._c3,
            "C3k": self._c3,
            "C3k2": self._c2f,
            "Classify": self._classify,
            "Conv": self._conv_norm,
            "Conv2d": self._conv,
            "Dropout": lambda _module, x: x,
            "DWConv": self._conv_norm,
            "Identity": lambda _module, x: x,
            "PSABlock": self._psa_block,
            "SPPF": self._sppf,
            "Sequential": self._sequential,
        }

    def write(self, module: Module, x: str) -> str:
        """Write a module.

        Args:
            module: The module.
            x: What it gets.

        Returns:
            Its result.

        Raises:
            FovealError: `layer-unknown`.
            ValueError: The module lacks what its class has.
        """
        block = self._blocks.get(module.kind)
        # In a chain each layer gets what the one before gave; "f" says where else it would look.
        if block is None or module.state.get("f", -1) != -1:
            raise FovealError(
                "layer-unknown",
                f"{module.path}: expected a block of a YOLO classifier, got {module.kind}",
                hint="export it with Ultralytics itself, `yolo export model=NAME.pt format=onnx`, and adopt that",
            )
        return block(module, x)

    def node(self, operator: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> str:
        """Add a node; the name of its first output, the others end in _1, _2 and so on."""
        from onnx import helper

        name = f"{operator.lower()}_{len(self.nodes)}"
        names = [name, *(f"{name}_{number}" for number in range(1, outputs))]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=name, **attributes))
        return name

    def weight(self, values: Any, kind: type = np.float32) -> str:
        """Add a constant."""
        from onnx import numpy_helper

        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def _sequential(self, module: Module, x: str) -> str:
        for each in module.inside():
            x = self.write(each, x)
        return x

    def _conv(self, module: Module, x: str, fold: Module | None = None) -> str:
        """A convolution, with the batch norm behind it folded in."""
        weight, bias = module.tensor("weight").astype(np.float64), module.maybe_tensor("bias")
        shift: NDArray[Any] = np.zeros(len(weight)) if bias is None else bias.astype(np.float64)
        if fold is not None:
            gain = fold.tensor("weight") / np.sqrt(fold.tensor("running_var").astype(np.float64) + fold.state["eps"])
            shift = (shift - fold.tensor("running_mean")) * gain + fold.tensor("bias")
            weight = weight * gain[:, None, None, None]
        if module.state.get("padding_mode", "zeros") != "zeros" or isinstance(module.state["padding"], str):
            raise ValueError(f"{module.path}: a padding of another kind")
        rows, columns = module.pair("padding")
        return self.node(
            "Conv",
            [x, self.weight(weight), self.weight(shift)],
            kernel_shape=list(weight.shape[2:]),
            strides=list(module.pair("stride")),
            dilations=list(module.pair("dilation")),
            pads=[rows, columns, rows, columns],
            group=int(module.state["groups"]),
        )

    def _conv_norm(self, module: Module, x: str) -> str:
        x = self._conv(module.child("conv"), x, module.child("bn") if module.has("bn") else None)
        act = module.child("act").kind if module.has("act") else "Identity"
        if act not in _ACTIVATIONS:
            raise ValueError(f"{module.path}: the activation {act}")
        if act == "SiLU":
            return self.node("Mul", [x, self.node("Sigmoid", [x])])
        return self.node(_ACTIVATIONS[act], [x]) if _ACTIVATIONS[act] else x

    def _bottleneck(self, module: Module, x: str) -> str:
        y = self.write(module.child("cv2"), self.write(module.child("cv1"), x))
        return self.node("Add", [x, y]) if module.state["add"] is True else y

    def _halves(self, module: Module, x: str) -> list[str]:
        """What the first convolution of a block gives, in two halves of the channels."""
        x = self.write(module.child("cv1"), x)
        first = self.node("Split", [x], 2, axis=1)
        return [first, f"{first}_1"]

    def _c2f(self, module: Module, x: str) -> str:
        """Two halves; the second goes through one bottleneck after another, and all between are kept."""
        parts = self._halves(module, x)
        for each in module.child("m").inside():
            parts.append(self.write(each, parts[-1]))
        return self.write(module.child("cv2"), self.node("Concat", parts, axis=1))

    def _c3(self, module: Module, x: str) -> str:
        through = self._sequential(module.child("m"), self.write(module.child("cv1"), x))
        beside = self.write(module.child("cv2"), x)
        return self.write(module.child("cv3"), self.node("Concat", [through, beside], axis=1))

    def _c2psa(self, module: Module, x: str) -> str:
        kept, attended = self._halves(module, x)
        attended = self._sequential(module.child("m"), attended)
        return self.write(module.child("cv2"), self.node("Concat", [kept, attended], axis=1))

    def _psa_block(self, module: Module, x: str) -> str:
        shortcut = module.state.get("add", True) is True
        for name in ("attn", "ffn"):
            y = self.write(module.child(name), x)
            x = self.node("Add", [x, y]) if shortcut else y
        return x

    def _attention(self, module: Module, x: str) -> str:
        """Attention over places; queries and keys are narrower than values, and a depthwise convolution adds place."""
        heads, wide, narrow = (int(module.state[name]) for name in ("num_heads", "head_dim", "key_dim"))
        qkv = self.write(module.child("qkv"), x)
        split = self.node("Reshape", [qkv, self.weight([0, heads, 2 * narrow + wide, -1], np.int64)])
        query = self.node("Split", [split, self.weight([narrow, narrow, wide], np.int64)], 3, axis=2)
        key, value = f"{query}_1", f"{query}_2"
        turned = self.node("Transpose", [query], perm=[0, 1, 3, 2])
        scale = self.weight(np.array(module.state.get("scale", narrow**-0.5), np.float32))
        weights = self.node("Softmax", [self.node("Mul", [self.node("MatMul", [turned, key]), scale])], axis=-1)
        seen = self.node("MatMul", [value, self.node("Transpose", [weights], perm=[0, 1, 3, 2])])
        # [N, C, h, w] again: as the map that went in, whose channels are as many.
        shape = self.node("Shape", [x])
        places = self.node("Add", [self.node("Reshape", [seen, shape]), self._placed(module, value, shape)])
        return self.write(module.child("proj"), places)

    def _placed(self, module: Module, value: str, shape: str) -> str:
        return self.write(module.child("pe"), self.node("Reshape", [value, shape]))

    def _sppf(self, module: Module, x: str) -> str:
        """The same pooling again and again, all results side by side (He et al., arXiv:1406.4729, made fast)."""
        pool = module.child("m")
        parts = [self.write(module.child("cv1"), x)]
        size, stride, pad = pool.pair("kernel_size"), pool.pair("stride"), pool.pair("padding")
        for _ in range(3):
            y = self.node("MaxPool", [parts[-1]], kernel_shape=list(size), strides=list(stride), pads=[*pad, *pad])
            parts.append(y)
        return self.write(module.child("cv2"), self.node("Concat", parts, axis=1))

    def _global_pool(self, module: Module, x: str) -> str:
        if module.state["output_size"] not in (1, (1, 1)):
            raise ValueError(f"{module.path}: a pooling to {module.state['output_size']}")
        return self.node("GlobalAveragePool", [x])

    def _classify(self, module: Module, x: str) -> str:
        """Convolution, mean over the places, and the matrix of the classes; its softmax is left out."""
        x = self.node("GlobalAveragePool", [self.write(module.child("conv"), x)])
        linear = module.child("linear")
        flat = self.node("Flatten", [x], axis=1)
        weight, bias = linear.tensor("weight"), linear.maybe_tensor("bias")
        given = np.zeros(len(weight), np.float32) if bias is None else bias
        return self.node("Gemm", [flat, self.weight(weight), self.weight(given)], transB=1)
