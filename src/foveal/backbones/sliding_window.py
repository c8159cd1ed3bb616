"""How a convolution or pooling of an ONNX network slides over its input: kernel, stride, padding, dilation."""

from __future__ import annotations

from typing import Any

from foveal.types.layers import Window


def window_of(
    given: dict[str, Any], kernel: tuple[int, ...], size: tuple[int, ...], *, transposed: bool = False
) -> Window:
    """The window of a node, its padding written out.

    Args:
        given: Attributes of the node.
        kernel: Kernel size along each axis.
        size: Positions of its input along each axis.
        transposed: Whether it is a transposed convolution.
    """
    ones = (1,) * len(kernel)
    stride = tuple(given.get("strides", ones))
    dilation = tuple(given.get("dilations", ones))
    auto_pad = given.get("auto_pad", "NOTSET")
    extra = tuple(given.get("output_padding", ())) if transposed else ()
    plain = Window(
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        before=(0,) * len(kernel),
        after=(0,) * len(kernel),
        transposed=transposed,
        output_padding=extra,
    )
    if transposed and ("output_shape" in given or auto_pad.startswith("SAME")):
        wanted = tuple(given["output_shape"])[-len(size) :] if "output_shape" in given else _times(size, stride)
        totals = tuple(max(full - each, 0) for full, each in zip(plain.output_size(size), wanted, strict=True))
        # As the ONNX operator has it: only SAME_UPPER puts the odd one after.
        return _padded(plain, totals, odd_after=auto_pad == "SAME_UPPER")
    if auto_pad.startswith("SAME"):
        totals = tuple(
            max((-(-length // s) - 1) * s + reach - length, 0)
            for length, s, reach in zip(size, stride, plain.reach, strict=True)
        )
        return _padded(plain, totals, odd_after=auto_pad == "SAME_UPPER")
    pads = tuple(given.get("pads", (0,) * (2 * len(kernel)))) if auto_pad == "NOTSET" else (0,) * (2 * len(kernel))
    return Window(
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        before=pads[: len(kernel)],
        after=pads[len(kernel) :],
        ceil_mode=bool(given.get("ceil_mode", 0)),
        transposed=transposed,
        output_padding=extra,
    )


def _times(size: tuple[int, ...], stride: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length * s for length, s in zip(size, stride, strict=True))


def _padded(plain: Window, totals: tuple[int, ...], *, odd_after: bool) -> Window:
    smaller = tuple(total // 2 for total in totals)
    larger = tuple(total - half for total, half in zip(totals, smaller, strict=True))
    return Window(
        kernel=plain.kernel,
        stride=plain.stride,
        dilation=plain.dilation,
        before=smaller if odd_after else larger,
        after=larger if odd_after else smaller,
        transposed=plain.transposed,
        output_padding=plain.output_padding,
    )
