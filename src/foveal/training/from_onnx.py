"""An ONNX network as a PyTorch module: the same numbers, and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor

from foveal.backbones.onnx_graph import makers_of, needed_values
from foveal.errors import FovealError
from foveal.training.operators import operator


class OnnxModule(torch.nn.Module):  # type: ignore[misc]  # torch is not looked into
    """Runs an ONNX graph node by node.

    Args:
        content: A serialised ONNX model with one input.
        outputs: Names of the values to give back, in that order; inner values too.
        watched: An inner value that goes through `self.watch` on its way, so that hooks can be hung there.
        turned: How its axes are turned on the way to `self.watch`; they are turned back behind it.

    Raises:
        FovealError: `operator-unknown`; `network-unreadable`: a value that nothing makes.
    """

    def __init__(
        self, content: bytes, outputs: Sequence[str], *, watched: str = "", turned: Sequence[int] = ()
    ) -> None:
        super().__init__()
        model = onnx.load_from_string(content)
        constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        self._input = next(each.name for each in model.graph.input if each.name not in constants)
        self._outputs = tuple(outputs)
        self._watched = watched
        self._turned = tuple(turned)
        self.watch = torch.nn.Identity()
        makers = makers_of(model.graph.node)
        needed = needed_values(makers, [*outputs, *([watched] if watched else [])])
        self._nodes: list[tuple[Any, dict[str, Any], tuple[str, ...], tuple[str, ...]]] = []
        for node in model.graph.node:
            if not needed.intersection(node.output):
                continue
            given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
            if node.op_type == "Constant":
                constants[node.output[0]] = _constant(given)
                continue
            self._nodes.append((operator(node.op_type), given, tuple(node.input), tuple(node.output)))
        self._names = {name: f"constant_{number}" for number, name in enumerate(sorted(constants))}
        for name, register in self._names.items():
            self.register_buffer(register, torch.from_numpy(np.array(constants[name])))
        known = {self._input, *constants, *makers}
        if not {*outputs} <= known:
            raise FovealError(
                "network-unreadable",
                f"expected a network with the values {', '.join(outputs)}, got one without "
                f"{', '.join(sorted({*outputs} - known))}",
                hint="register the backbone again",
            )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run the network.

        Args:
            images: Of the input's shape; as floats where gradients are wanted.
        """
        values: dict[str, Any] = {"": None, self._input: images}
        values |= {name: getattr(self, register) for name, register in self._names.items()}
        for run, given, inputs, outputs in self._nodes:
            made = run(given, *(values[name] for name in inputs))
            # Most operators make one value; what a few make besides is of use in training only.
            for output, each in zip(outputs, made if isinstance(made, list) else (made,), strict=False):
                values[output] = self._past_watch(each) if output == self._watched else each
        return tuple(values[name] for name in self._outputs)

    def _past_watch(self, made: Tensor) -> Tensor:
        if not self._turned:
            return self.watch(made)
        back = tuple(self._turned.index(axis) for axis in range(len(self._turned)))
        return self.watch(made.permute(self._turned)).permute(back)


def _constant(given: dict[str, Any]) -> Any:
    if "value" in given:
        return numpy_helper.to_array(given["value"])
    kind, value = next(iter(given.items()))
    return np.array(value, np.int64 if "int" in kind else np.float32)
