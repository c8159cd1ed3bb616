"""A PyTorch module as an ONNX graph: quiet, the same bytes every time, and nothing in it of the machine it ran on."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foveal.errors import FovealError

OPSET = 18
"""The oldest that PyTorch's exporter writes without translating, so the widest set of runtimes reads the file."""

# Protocol buffers, which ONNX files are, end at 2 GiB; weights in further files would be no single network file.
_MOST_BYTES = 2**31 - 1


def onnx_graph(module: torch.nn.Module, images: Tensor, *, name: str) -> tuple[Any, dict[str, NDArray[np.float32]]]:
    """Write what a module computes as an ONNX graph.

    PyTorch's exporter by `torch.export` is used, not the one by TorchScript: that one is deprecated, and of its own
    accord merges weights that happen to be equal. Batch norms behind a convolution are folded into it.

    Args:
        module: Takes pictures and gives [N, columns] under each name; it is left as it was.
        images: uint8 [N, H, W, 3], two or more: an axis of one would be taken for a fixed one.
        name: Of the network, for messages.

    Returns:
        An `onnx.ModelProto` with the input `images`, for any number of photos, and what the module gave for these.

    Raises:
        FovealError: `cannot-export`.
    """
    _check_size(module, name)
    try:
        with evaluating(module) as still, warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            found = {key: value.numpy() for key, value in still(images).items()}
            traced = torch.export.export(still, (images,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
            _plain_means(traced.graph_module)
            program = torch.onnx.export(
                traced,
                dynamo=True,
                opset_version=OPSET,
                input_names=["images"],
                output_names=[*found],
                verbose=False,
            )
        model = program.model_proto
    except FovealError:
        raise
    except Exception as error:  # torch.export and onnxscript raise classes of their own
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [repr(error)]
        raise FovealError(
            "cannot-export",
            f"{name}: expected a network that can be written as ONNX for any number of photos, got: {lines[0][:300]}",
            hint="choose another network; `foveal models --search` lists them",
        ) from error
    _anonymise(model)
    return model, found


@contextlib.contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """The module in evaluation mode, in float32 and on the CPU; a copy where it is not there, else as it was after."""
    tensors = [*module.parameters(), *module.buffers()]
    if any(each.device.type != "cpu" or each.dtype in (torch.float16, torch.bfloat16) for each in tensors):
        yield copy.deepcopy(module).cpu().float().eval()
        return
    training = [each for each in module.modules() if each.training]
    module.eval()
    try:
        yield module
    finally:
        for each in training:
            each.training = True


def _plain_means(traced: torch.fx.GraphModule) -> None:
    """Average over the whole area as a mean.

    Where a map lies in memory with its channels last, PyTorch takes the adaptive average apart into a mean and what
    restores that order of memory, which has no meaning in ONNX and hides the map from whoever looks for it.
    """
    for node in list(traced.graph.nodes):
        if node.target is torch.ops.aten.adaptive_avg_pool2d.default and [*node.args[1]] == [1, 1]:
            with traced.graph.inserting_before(node):
                mean = traced.graph.call_function(torch.ops.aten.mean.dim, (node.args[0], [2, 3], True))
            mean.meta = dict(node.meta)
            node.replace_all_uses_with(mean)
            traced.graph.erase_node(node)
    traced.recompile()


def _check_size(module: torch.nn.Module, name: str) -> None:
    size = sum(4 * each.numel() for each in [*module.parameters(), *module.buffers()])
    if size > _MOST_BYTES:
        raise FovealError(
            "cannot-export",
            f"{name}: expected weights below 2 GiB, the most an ONNX file holds, got {size / 2**30:.1f} GiB",
            hint="choose a smaller network",
        )


def _anonymise(model: Any) -> None:
    """Take out what exporters note of the source code, with its paths: the same weights are the same bytes anywhere."""
    del model.metadata_props[:]
    model.doc_string = ""
    del model.graph.value_info[:]
    for part in (model.graph, *model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
