"""Read a file of weights as tensors by name, whatever the file says: data only.

.safetensors cannot hold anything else. A .pth is a pickle. The layout of before PyTorch 1.6 is read by foveal's own
reader, which carries out plain data only; today's zip is read by `torch.load(weights_only=True)`, whose unpickler
resolves a fixed list of harmless names. Neither runs what a crafted file asks for.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from foveal.backbones.torch_file import read_state_dict
from foveal.errors import FovealError

SAFETENSORS = ".safetensors"
TORCH = (".pth", ".pt", ".bin", ".tar")
SUFFIXES = (SAFETENSORS, *TORCH)
"""Of files that hold weights under their library's names."""

KERAS = (".h5", ".keras", ".hdf5")
"""Of files that Keras wrote."""

# Where training scripts keep the weights among other things, the averaged ones first.
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model_state", "model")


def read_state(file: Path) -> dict[str, Tensor]:
    """Read the tensors of a file.

    Args:
        file: .safetensors, or a .pth, .pt, .bin or .tar that `torch.save` wrote; a training checkpoint's weights are
            found under "state_dict" and the like, and "module." before names is dropped.

    Raises:
        FovealError: `weights-unreadable`: cut off, of another kind, or it asks for more than data.
    """
    if file.suffix.lower() == SAFETENSORS:
        try:
            return _bare(load_file(file))
        except (OSError, SafetensorError) as error:
            raise _unreadable(file, "a .safetensors file", error) from error
    if not zipfile.is_zipfile(file):
        return {name: torch.from_numpy(values) for name, values in read_state_dict(file).items()}
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's, zip's and torch's own
        raise _unreadable(file, "a file of tensors that torch.save wrote", error) from error
    return _bare(_unwrapped(content, file))


def _unwrapped(content: Any, file: Path) -> Mapping[str, Any]:
    for name in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not any(isinstance(value, Tensor) for value in content.values()):
        raise _unreadable(file, "a file of tensors by name", f"{type(content).__name__} without tensors")
    return content


def _bare(state: Mapping[str, Any]) -> dict[str, Tensor]:
    tensors = {name: value.detach() for name, value in state.items() if isinstance(value, Tensor)}
    for prefix in ("module.", "_orig_mod."):
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _unreadable(file: Path, wanted: str, reason: object) -> FovealError:
    said = str(reason).strip().splitlines()
    return FovealError(
        "weights-unreadable",
        f"{file}: expected {wanted}, got: {said[0] if said else type(reason).__name__}",
        hint="fetch it again with `foveal models pull`; a pickle that holds more than tensors is never run",
    )
