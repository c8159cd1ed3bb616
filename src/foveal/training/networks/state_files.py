"""Read a file of weights as tensors by name, whatever the file says: data only.

.safetensors cannot hold anything else. A .pth is a pickle. The layout of before PyTorch 1.6 is read by foveal's own
reader, which carries out plain data only; today's zip is read by `torch.load(weights_only=True)`, whose unpickler
resolves a fixed list of harmless names. Where a checkpoint keeps other objects beside its weights, such as the options
of the script that trained it, foveal's reader takes the weights and leaves those. None of them runs what a crafted
file asks for.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from foveal.adopting.checkpoint_data import read_records
from foveal.backbones.pickle_data import Record
from foveal.backbones.torch_file import MOST_SHARING, StoredTensor, read_legacy
from foveal.errors import FovealError

SAFETENSORS = ".safetensors"
TORCH = (".pth", ".pt", ".bin", ".tar")
SUFFIXES = (SAFETENSORS, *TORCH)
"""Of files that hold weights under their library's names."""

KERAS = (".h5", ".keras", ".hdf5")
"""Of files that Keras wrote."""

# Where training scripts keep the weights among other things, the averaged ones first.
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model_state", "model", "net")

_MOST_KINDS = 3
_ZIP = b"PK\x03\x04"


def read_state(file: Path) -> dict[str, Tensor]:
    """Read the tensors of a file.

    Args:
        file: .safetensors, or a .pth, .pt, .bin or .tar that `torch.save` wrote; a training checkpoint's weights are
            found under "state_dict" and the like, and "module." before names is dropped.

    Raises:
        FovealError: `weights-unreadable`: cut off, of another kind, or it asks for more than data.
    """
    wanted = "a file of tensors that torch.save wrote"
    try:
        if file.suffix.lower() == SAFETENSORS:
            wanted = "a .safetensors file"
            return _bare(load_file(file), file)
        content = _of_zip(file) if zipfile.is_zipfile(file) else _legacy(file)
        return _bare(_unwrapped(content), file)
    except Exception as error:  # zip's, pickle's, safetensors' and torch's own
        raise _unreadable(file, wanted, error) from error


def _of_zip(file: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or sum(entry.file_size for entry in entries) > file.stat().st_size:
        raise ValueError("compressed content, where torch.save stores it plain")
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # zip's and torch's own; what is wrong with a file that neither reads is said by foveal's reader
        return read_records(file)


def _legacy(file: Path) -> Any:
    with file.open("rb") as opened:
        if opened.read(len(_ZIP)) == _ZIP:
            raise ValueError("the beginning of one, cut off")
    return read_legacy(file.read_bytes(), keys=(str, int))


def _unwrapped(content: Any) -> Mapping[str, Any]:
    for name in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping | Record):
            content = content[name]
            break
    if isinstance(content, Record):
        raise ValueError(f"a whole {content.kind}; save its weights alone: torch.save(model.state_dict(), …)")
    if not isinstance(content, Mapping):
        raise ValueError(f"{type(content).__name__} without tensors")
    return content


def _bare(state: Mapping[str, Any], file: Path) -> dict[str, Tensor]:
    given = {str(name): value for name, value in state.items() if isinstance(value, Tensor | StoredTensor)}
    others = sorted({value.kind for value in state.values() if isinstance(value, Record)})
    if others or not given:
        raise ValueError(f"{', '.join(others[:_MOST_KINDS]) or 'nothing'} where tensors are expected")
    if (wanted := sum(map(_bytes, given.values()))) > MOST_SHARING * file.stat().st_size:
        raise ValueError(f"tensors of {wanted:,} bytes in a file of {file.stat().st_size:,}")
    tensors = {name: _tensor(value) for name, value in given.items()}
    for prefix in ("module.", "_orig_mod."):
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _bytes(tensor: Tensor | StoredTensor) -> int:
    if isinstance(tensor, StoredTensor):
        return math.prod(tensor.shape) * tensor.storage.dtype.itemsize
    return int(tensor.numel() * tensor.element_size())


def _tensor(given: Tensor | StoredTensor) -> Tensor:
    return torch.from_numpy(given.array()) if isinstance(given, StoredTensor) else given.detach()


def _unreadable(file: Path, wanted: str, reason: object) -> FovealError:
    said = str(reason).strip().splitlines()
    return FovealError(
        "weights-unreadable",
        f"{file}: expected {wanted}, got: {said[0] if said else type(reason).__name__}",
        hint="fetch or save it again; a pickle is read as data, and never run",
    )
