"""Read a PyTorch file that holds whole objects, as records of what they were made of; no class of it comes to life.

`torch.save` of a module is a zip with a pickle that names the module's class, its attributes and its tensors. Python's
unpickler would import the class and run what the pickle says. Here every class becomes a `Record`: a name, arguments
and a dict. What is not data at all (functions, methods) stays a record that nobody calls.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.pickle_data import Record, load_data
from foveal.backbones.torch_file import STORAGE_DTYPES, Storage, Storages, StoredTensor, ordered_dict, rebuild_tensor

_MOST_RECORDS = 1_000_000
# bfloat16 is the upper half of a float32.
_HALVED = "BFloat16Storage"


def read_records(path: Path) -> Any:
    """The object that `torch.save` wrote, its tensors as `StoredTensor`, every other object as `Record`.

    Args:
        path: A file in the layout of PyTorch 1.6 and later, a zip.

    Raises:
        ValueError: No such file, damaged, or not made of the plain data that modules are.
        OSError: It cannot be read.
    """
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, len(data))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, KeyError) as error:
        raise ValueError(f"no file that torch.save wrote: {error}") from error


def _read(archive: zipfile.ZipFile, file_bytes: int) -> Any:
    entries = {entry.filename: entry for entry in archive.infolist()}
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries.values())
    if not stored or sum(entry.file_size for entry in entries.values()) > file_bytes:
        raise ValueError("compressed content, where torch.save stores it plain")
    pickles = [name for name in entries if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise ValueError("no data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    order = archive.read(f"{root}byteorder") if f"{root}byteorder" in entries else b"little"
    if order != b"little":
        raise ValueError("big-endian data")
    storages = Storages()
    find = _Finder()
    file = io.BytesIO(archive.read(pickles[0]))
    found = load_data(file, find=find, persistent=storages.persistent, keys=(str, int))
    for key, storage in storages.items():
        storage.values = _numbers(archive.read(f"{root}data/{key}"), storage)
    return found


def _numbers(content: bytes, storage: Storage) -> NDArray[Any]:
    values = np.frombuffer(content, storage.dtype)
    if len(values) < storage.elements:
        raise ValueError(f"a storage of {storage.elements} elements holds {len(values)}")
    return values


class _Finder:
    """What stands in for each name of a pickle."""

    def __init__(self) -> None:
        self._records = 0

    def __call__(self, module: str, name: str) -> Callable[..., Any]:
        if module == "torch" and name in STORAGE_DTYPES:
            return STORAGE_DTYPES[name]  # type: ignore[return-value]  # a storage's type is no function
        if module == "torch" and name == _HALVED:
            raise ValueError("weights in bfloat16; save them in single or half precision")
        known = _KNOWN.get((module, name))
        return known or partial(self._record, f"{module}.{name}")

    def _record(self, kind: str, *arguments: Any) -> Record:
        self._records += 1
        if self._records > _MOST_RECORDS:
            raise ValueError(f"more than {_MOST_RECORDS:,} objects")
        return Record(kind, arguments)


def _parameter(tensor: object, *_requires_grad_and_hooks: object) -> StoredTensor:
    if not isinstance(tensor, StoredTensor):
        raise ValueError("a parameter that is no tensor")
    return tensor


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): ordered_dict,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
}


def numbers(value: object) -> NDArray[np.float32]:
    """A tensor of a record as float32.

    Raises:
        ValueError: It is no tensor, or larger than the file can hold.
    """
    if not isinstance(value, StoredTensor) or math.prod(value.shape) > value.storage.elements:
        raise ValueError(f"{type(value).__name__} where a tensor is needed")
    return value.array().astype(np.float32)
