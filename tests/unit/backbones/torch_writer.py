"""Write PyTorch's pre-1.6 file layout without PyTorch, for the tests of the reader."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


@dataclass(frozen=True)
class Name:
    """A module's attribute, written as a pickle's GLOBAL without importing it."""

    module: str
    name: str

    def __call__(self) -> None:
        raise AssertionError("only written, never called")


@dataclass(frozen=True, eq=False)
class Storage:
    kind: str
    key: str
    values: NDArray[Any]
    elements: Any = None


@dataclass(frozen=True, eq=False)
class Tensor:
    storage: Any
    offset: Any
    shape: Any
    strides: Any


@dataclass(frozen=True, eq=False)
class Call:
    function: Name
    arguments: tuple[Any, ...] = field(default=())


class _Writer(pickle._Pickler):
    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)

    def persistent_id(self, value: object) -> object:
        if not isinstance(value, Storage):
            return None
        elements = len(value.values) if value.elements is None else value.elements
        return ("storage", Name("torch", value.kind), value.key, "cpu", elements, None)

    def _name(self, value: Name) -> None:
        self.write(b"c" + value.module.encode() + b"\n" + value.name.encode() + b"\n")

    def _tensor(self, value: Tensor) -> None:
        hooks = Call(Name("collections", "OrderedDict"))
        arguments = (value.storage, value.offset, value.shape, value.strides, False, hooks)
        self.save_reduce(Name("torch._utils", "_rebuild_tensor_v2"), arguments)

    def _call(self, value: Call) -> None:
        self.save_reduce(value.function, value.arguments)

    dispatch[Name] = _name
    dispatch[Tensor] = _tensor
    dispatch[Call] = _call


def pickled(value: object) -> bytes:
    file = io.BytesIO()
    _Writer(file, 2).dump(value)
    return file.getvalue()


def torch_bytes(state: object, storages: list[Storage], *, system: object = SYSTEM) -> bytes:
    """The whole file; `state` is pickled as it is."""
    parts = [pickled(MAGIC), pickled(1001), pickled(system), pickled(state), pickled([each.key for each in storages])]
    for each in storages:
        parts.append(len(each.values).to_bytes(8, "little") + each.values.tobytes())
    return b"".join(parts)


def with_state_pickle(pickle_bytes: bytes) -> bytes:
    """A file whose state dict is the given pickle, without raw memory."""
    return b"".join([pickled(MAGIC), pickled(1001), pickled(SYSTEM), pickle_bytes, pickled([])])


def state_of(**tensors: Tensor) -> OrderedDict[str, Tensor]:
    """A state dict as a module writes it, with the `_metadata` attribute that PyTorch adds."""

    class _State(OrderedDict[str, Tensor]):
        def __reduce__(self) -> Any:
            extra = {"_metadata": {"": {"version": 1}}}
            return (Name("collections", "OrderedDict"), (), extra, None, iter(list(self.items())))

    return _State(tensors)


def contiguous(storage: Storage, *shape: int) -> Tensor:
    """A tensor that is its whole storage."""
    strides = tuple(int(np.prod(shape[axis + 1 :], dtype=np.int64)) for axis in range(len(shape)))
    return Tensor(storage, 0, shape, strides)
