"""The operators of ONNX image networks in PyTorch, each with its gradient.

Every function takes the node's attributes and its inputs as tensors (None for one left out), and gives one tensor, or a
list of them where the node has several outputs.
Definitions: https://onnx.ai/onnx/operators/, for opset 7 to 21.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from foveal.errors import FovealError

Attributes = Mapping[str, Any]
Operator = Callable[..., Tensor | list[Tensor]]


def _conv(given: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    strides, dilations = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
    kernel = [(size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilations, strict=True)]
    padded = functional.pad(x, _pads(given, x, kernel, strides))
    return functional.conv2d(padded, weight, bias, stride=strides, dilation=dilations, groups=given.get("group", 1))


def _max_pool(given: Attributes, x: Tensor) -> Tensor:
    kernel, strides = given["kernel_shape"], given.get("strides", [1, 1])
    padded = functional.pad(x, _pads(given, x, kernel, strides), value=-torch.inf)
    return functional.max_pool2d(
        padded, kernel, strides, dilation=given.get("dilations", [1, 1]), ceil_mode=bool(given.get("ceil_mode", 0))
    )


def _average_pool(given: Attributes, x: Tensor) -> Tensor:
    kernel, strides = given["kernel_shape"], given.get("strides", [1, 1])
    pads = _pads(given, x, kernel, strides)
    ceil = bool(given.get("ceil_mode", 0))
    if not any(pads):
        return functional.avg_pool2d(x, kernel, strides, ceil_mode=ceil)
    if ceil:
        raise _unknown("AveragePool with ceil_mode and padding")
    sums = functional.avg_pool2d(functional.pad(x, pads), kernel, strides)
    if given.get("count_include_pad", 0):
        return sums
    share = functional.avg_pool2d(functional.pad(torch.ones_like(x[:1, :1]), pads), kernel, strides)
    return sums / share


def _pads(given: Attributes, x: Tensor, kernel: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Zeros left, right, above and below, as `torch.nn.functional.pad` takes them."""
    auto = given.get("auto_pad", b"NOTSET").decode()
    if auto in {"NOTSET", "VALID"}:
        top, left, bottom, right = given.get("pads", [0, 0, 0, 0]) if auto == "NOTSET" else [0, 0, 0, 0]
        return [left, right, top, bottom]
    out: list[int] = []
    for size, each, step in zip(reversed(x.shape[2:]), reversed(kernel), reversed(strides), strict=True):
        total = max((-(-size // step) - 1) * step + each - size, 0)
        small, large = total // 2, total - total // 2
        out += [small, large] if auto == "SAME_UPPER" else [large, small]
    return out


def _gemm(given: Attributes, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    a = a.T if given.get("transA", 0) else a
    b = b.T if given.get("transB", 0) else b
    product = given.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + given.get("beta", 1.0) * c


def _batch_norm(given: Attributes, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, var: Tensor) -> Tensor:
    return functional.batch_norm(x, mean, var, scale, bias, eps=given.get("epsilon", 1e-5))


def _clip(given: Attributes, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    least = given.get("min") if low is None else low
    most = given.get("max") if high is None else high
    # Applied one after the other, since torch wants both as numbers or both as tensors.
    x = x if least is None else torch.clamp(x, min=least)
    return x if most is None else torch.clamp(x, max=most)


def _pad(given: Attributes, x: Tensor, pads: Tensor | None = None, value: Tensor | None = None, *_: Tensor) -> Tensor:
    amounts = given["pads"] if pads is None else pads.tolist()
    mode = given.get("mode", b"constant").decode()
    torch_mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}.get(mode)
    if torch_mode is None or len(amounts) != 2 * x.ndim:
        raise _unknown(f"Pad with mode {mode}")
    pairs = [(amounts[axis], amounts[axis + x.ndim]) for axis in range(x.ndim)]
    turned = [each for pair in reversed(pairs) for each in pair]
    if torch_mode == "constant":
        return functional.pad(x, turned, value=given.get("value", 0.0) if value is None else float(value))
    return functional.pad(x, turned[: 2 * (x.ndim - 2)], mode=torch_mode)


def _axes(given: Attributes, axes: Tensor | None) -> list[int] | None:
    """Axes from the attribute of older opsets or the input of newer ones."""
    return given.get("axes") if axes is None else [int(axis) for axis in axes.tolist()]


def _reduce_mean(given: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.mean(dim=_axes(given, axes) or list(range(x.ndim)), keepdim=bool(given.get("keepdims", 1)))


def _reduce_sum(given: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.sum(dim=_axes(given, axes) or list(range(x.ndim)), keepdim=bool(given.get("keepdims", 1)))


def _squeeze(given: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    chosen = _axes(given, axes)
    return x.squeeze() if chosen is None else x.squeeze(tuple(chosen))


def _unsqueeze(given: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    for axis in sorted(_axes(given, axes) or []):
        x = x.unsqueeze(axis)
    return x


def _reshape(given: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    wanted = [int(size) for size in shape.tolist()]
    if not given.get("allowzero", 0):
        wanted = [x.shape[at] if size == 0 else size for at, size in enumerate(wanted)]
    return x.reshape(wanted)


def _flatten(given: Attributes, x: Tensor) -> Tensor:
    return x.flatten(start_dim=given.get("axis", 1)) if given.get("axis", 1) == 1 else _flat(x, given["axis"])


def _flat(x: Tensor, axis: int) -> Tensor:
    before = 1
    for size in x.shape[:axis]:
        before *= int(size)
    return x.reshape(before, -1)


def _layer_norm(given: Attributes, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    axis = given.get("axis", -1) % x.ndim
    return functional.layer_norm(x, x.shape[axis:], scale, bias, eps=given.get("epsilon", 1e-5))


def _slice(
    given: Attributes,
    x: Tensor,
    starts: Tensor | None = None,
    ends: Tensor | None = None,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    first, last = (_numbers(given, name, each) for name, each in (("starts", starts), ("ends", ends)))
    along = _axes(given, axes) or list(range(len(first)))
    strides = [1] * len(first) if steps is None else [int(step) for step in steps.tolist()]
    for start, end, axis, step in zip(first, last, along, strides, strict=True):
        # torch has no steps backwards; Python knows which places are meant.
        places = range(*slice(start, end, step).indices(x.shape[axis]))
        x = x.narrow(axis, places.start, len(places)) if step == 1 else x.index_select(axis, torch.tensor(places))
    return x


def _numbers(given: Attributes, name: str, values: Tensor | None) -> list[int]:
    return [int(each) for each in (given[name] if values is None else values.tolist())]


def _split(given: Attributes, x: Tensor, sizes: Tensor | None = None) -> list[Tensor]:
    axis = given.get("axis", 0)
    if sizes is not None or "split" in given:
        return list(x.split(_numbers(given, "split", sizes), dim=axis))
    if "num_outputs" not in given:
        raise _unknown("Split that does not say into how many")
    return list(x.split(-(-x.shape[axis] // given["num_outputs"]), dim=axis))


def _expand(_: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    wanted = torch.broadcast_shapes(x.shape, tuple(int(size) for size in shape.tolist()))
    return x.expand(wanted)


def _shape(given: Attributes, x: Tensor) -> Tensor:
    return torch.tensor(x.shape[given.get("start", 0) : given.get("end")], dtype=torch.int64)


def _hard_sigmoid(given: Attributes, x: Tensor) -> Tensor:
    return torch.clamp(given.get("alpha", 0.2) * x + given.get("beta", 0.5), 0, 1)


def _cast(given: Attributes, x: Tensor) -> Tensor:
    # Floats stay floats, so that a network that begins by casting pixels keeps its gradient.
    import onnx

    kind = onnx.helper.tensor_dtype_to_np_dtype(given["to"])
    return x.float() if kind.kind == "f" else x.long()


def _prelu(_: Attributes, x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x >= 0, x, x * slope)


OPERATORS: dict[str, Operator] = {
    "Add": lambda _, x, y: x + y,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda given, *xs: torch.cat(xs, dim=given["axis"]),
    "Conv": _conv,
    "Div": lambda _, x, y: x / y,
    "Dropout": lambda _, x, *__: x,
    "Elu": lambda given, x: functional.elu(x, given.get("alpha", 1.0)),
    "Equal": lambda _, x, y: x == y,
    "Erf": lambda _, x: torch.erf(x),
    "Exp": lambda _, x: torch.exp(x),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": lambda given, x, at: x.index_select(given.get("axis", 0), at.reshape(-1)).reshape(
        *x.shape[: given.get("axis", 0) % x.ndim], *at.shape, *x.shape[given.get("axis", 0) % x.ndim + 1 :]
    ),
    "Gelu": lambda given, x: functional.gelu(x, approximate=given.get("approximate", b"none").decode()),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, x: x.mean(dim=tuple(range(2, x.ndim)), keepdim=True),
    "GlobalMaxPool": lambda _, x: x.amax(dim=tuple(range(2, x.ndim)), keepdim=True),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda _, x: functional.hardswish(x),
    "Identity": lambda _, x: x,
    "LayerNormalization": _layer_norm,
    "LeakyRelu": lambda given, x: functional.leaky_relu(x, given.get("alpha", 0.01)),
    "MatMul": lambda _, x, y: x @ y,
    "Max": lambda _, *xs: functools.reduce(torch.maximum, xs),
    "MaxPool": _max_pool,
    "Min": lambda _, *xs: functools.reduce(torch.minimum, xs),
    "Mul": lambda _, x, y: x * y,
    "Neg": lambda _, x: -x,
    "PRelu": _prelu,
    "Pad": _pad,
    "Pow": lambda _, x, y: x**y,
    "Range": lambda _, start, end, step: torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype),
    "ReduceMean": _reduce_mean,
    "ReduceSum": _reduce_sum,
    "Relu": lambda _, x: functional.relu(x),
    "Reshape": _reshape,
    "Shape": _shape,
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "Slice": _slice,
    "Softmax": lambda given, x: torch.softmax(x, dim=given.get("axis", -1)),
    "Softplus": lambda _, x: functional.softplus(x),
    "Split": _split,
    "Sqrt": lambda _, x: torch.sqrt(x),
    "Squeeze": _squeeze,
    "Sub": lambda _, x, y: x - y,
    "Tanh": lambda _, x: torch.tanh(x),
    "Transpose": lambda given, x: x.permute(*given.get("perm", reversed(range(x.ndim)))),
    "Unsqueeze": _unsqueeze,
    "Where": lambda _, which, x, y: torch.where(which, x, y),
}
"""By the name ONNX knows them by."""


def operator(name: str) -> Operator:
    """Look an operator up.

    Raises:
        FovealError: `operator-unknown`.
    """
    if name not in OPERATORS:
        raise _unknown(name)
    return OPERATORS[name]


def _unknown(got: str) -> FovealError:
    return FovealError(
        "operator-unknown",
        f"expected a network of operators that foveal can take gradients of, got {got}",
        hint="choose the method cam, occlusion or rise, which need no gradients; or fit with --precision f32",
    )
